import { once } from "node:events";
import { S3Client } from "@aws-sdk/client-s3";
import pg from "pg";
import { Pictures } from "./pictures.mjs";
import { Products } from "./products.mjs";
import { createShop } from "./shop.mjs";

const { DATABASE_URL, S3_ENDPOINT, BUCKET = "pictures", PORT = "8080" } = process.env;
const s3 = new S3Client({ endpoint: S3_ENDPOINT, region: "us-east-1", forcePathStyle: true });
const server = createShop({ products: await Products.open(new pg.Pool({ connectionString: DATABASE_URL })), pictures: new Pictures(s3, BUCKET) }).listen(Number(PORT));
await once(server, "listening");
