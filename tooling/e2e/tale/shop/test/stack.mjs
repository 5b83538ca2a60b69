import { once } from "node:events";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { PostgreSqlContainer } from "@testcontainers/postgresql";
import pg from "pg";
import { GenericContainer, Wait } from "testcontainers";
import images from "./images.json" with { type: "json" };
import { Pictures } from "../src/pictures.mjs";
import { Products } from "../src/products.mjs";
import { createShop } from "../src/shop.mjs";

export const BUCKET = "pictures";
const KEYS = { ROOT_ACCESS_KEY: "test", ROOT_SECRET_KEY: "testtest" };

/** The shop, with a database and an object store that are really there. */
export async function startStack() {
  const [postgres, storage] = await Promise.all([
    new PostgreSqlContainer(images.postgres).start(),
    new GenericContainer(images.s3).withEnvironment(KEYS).withExposedPorts(7070).withWaitStrategy(Wait.forListeningPorts()).start(),
  ]);
  const s3 = new S3Client({
    endpoint: `http://${storage.getHost()}:${storage.getMappedPort(7070)}`,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: { accessKeyId: KEYS.ROOT_ACCESS_KEY, secretAccessKey: KEYS.ROOT_SECRET_KEY },
  });
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
  const pool = new pg.Pool({ connectionString: postgres.getConnectionUri() });
  const server = createShop({ products: await Products.open(pool), pictures: new Pictures(s3, BUCKET) }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    s3,
    url: `http://127.0.0.1:${server.address().port}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await pool.end();
      await Promise.all([postgres.stop(), storage.stop()]);
    },
  };
}
