import { createServer } from "node:http";
import { buffer, json } from "node:stream/consumers";

/** The HTTP API: POST /products, GET /products/ID, PUT and GET /products/ID/picture. */
export function createShop({ products, pictures }) {
  const answer = async (request) => {
    const [, , id = "", part = ""] = new URL(request.url, "http://shop").pathname.split("/");
    if (request.method === "POST" && id === "") return { status: 201, body: JSON.stringify(await products.add((await json(request)).name)) };
    const product = await products.find(Number(id));
    if (product === undefined) return { status: 404, body: "" };
    if (part === "") return { status: 200, body: JSON.stringify(product) };
    if (request.method === "GET") return { status: 200, body: await pictures.get(product) };
    await pictures.put(product, await buffer(request));
    return { status: 204 };
  };
  return createServer((request, response) => {
    answer(request).then(
      ({ status, body }) => response.writeHead(status).end(body),
      (error) => response.writeHead(500).end(String(error)),
    );
  });
}
