// A test as a service's own repository has it: nothing in it knows of a sandbox.
import { PostgreSqlContainer } from "@testcontainers/postgresql";
import pg from "pg";

const container = await new PostgreSqlContainer(process.env.POSTGRES_IMAGE).start();
const client = new pg.Client({ connectionString: container.getConnectionUri() });
await client.connect();
await client.query("create table notes (note text)");
await client.query("insert into notes values ($1)", ["kept"]);
console.log((await client.query("select note from notes")).rows[0].note);
console.log((await container.exec(["psql", "-U", container.getUsername(), "-d", container.getDatabase(), "-Atc", "select count(*) from notes"])).output.trim());
if (process.argv.includes("--then-wait")) await new Promise((resolve) => setTimeout(resolve, 300_000));
await client.end();
await container.stop();
