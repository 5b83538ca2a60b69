import { cp, mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { installPackages } from "../src/install-packages.ts";
import { compileJava, javaLibraries, whyNoJava } from "../src/java-libraries.ts";
import { giveTo, openHost, type Host } from "../src/open-host.ts";
import { serviceImage } from "../src/service-image.ts";

const HERE = path.join(import.meta.dirname, "..");
const NAME = "java";

const why = await whyNoJava();
if (why !== undefined) process.stdout.write(`skipped: Kafka, and Testcontainers for Java, because ${why}\n`);

describe.skipIf(why !== undefined)("Kafka in a sandbox (where Maven and a JDK are)", { timeout: 600_000 }, () => {
  let host: Host;
  let environment: readonly string[] = [];
  const inside = (script: string) => host.sbx(["exec", ...environment, NAME, "sh", "-c", script]);

  beforeAll(async () => {
    host = openHost();
    const cwd = await host.project("service");
    const libraries = await javaLibraries("docker-clients-java", path.join(HERE, "java/pom.xml"));
    await cp(path.join(libraries, "lib"), path.join(cwd, "lib"), { recursive: true });
    await mkdir(path.join(cwd, "classes"));
    await compileJava([path.join(HERE, "java/src/Services.java")], libraries, path.join(cwd, "classes"));
    await cp(path.join(HERE, "java/kafka.mjs"), path.join(cwd, "kafka.mjs"));
    await installPackages("docker-clients-kafka", await readFile(path.join(HERE, "java/package.json"), "utf8"), cwd);
    giveTo(cwd, 1000);
    const kafka = await javaLibraries("kafka", path.join(HERE, "images/kafka/pom.xml"));
    const images = { POSTGRES_IMAGE: await serviceImage("postgres"), KAFKA_IMAGE: await serviceImage("kafka", kafka) };
    for (const [name, id] of Object.entries(images)) {
      const [image = ""] = await host.imageNames(id);
      environment = [...environment, "-e", `${name}=${image}`];
      await host.sbx(["docker", "allow-image", image]);
    }
    const made = await host.sbx(["create", "-q", "--mount-docker-socket", "--name", NAME, path.join(HERE, "kits/docker-java")], { cwd });
    if (made.code !== 0) throw new Error(made.stderr);
  }, 900_000);
  afterAll(() => host[Symbol.asyncDispose]());

  it("is started by Testcontainers for Java beside a Postgres, and both are used and stopped", async ({ expect }) => {
    expect(await inside("timeout 500 java -XX:TieredStopAtLevel=1 -cp 'classes:lib/*' Services")).toEqual({ code: 0, stdout: "sent by Java, kept in Postgres\n", stderr: "" });
  });

  it("is started by Testcontainers for Node, under the name that its module knows", async ({ expect }) => {
    const { code, stdout, stderr } = await inside("docker tag $KAFKA_IMAGE confluentinc/cp-kafka:8.0.0 && timeout 500 node kafka.mjs");
    expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: "sent by Node\n" });
  });
});
