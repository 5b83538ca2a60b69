// Start the Postgres of an image by Testcontainers, as a test does, and print how many milliseconds that took until it could be used.
import { PostgreSqlContainer } from "@testcontainers/postgresql";
import pg from "pg";

const began = performance.now();
const container = await new PostgreSqlContainer(process.argv[2]).start();
const client = new pg.Client({ connectionString: container.getConnectionUri() });
await client.connect();
await client.query("select 1");
console.log(performance.now() - began);
await client.end();
await container.stop();
