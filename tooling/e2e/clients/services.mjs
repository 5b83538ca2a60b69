// More of what services talk to: a store of keys, and somebody else's HTTP service as a stub that is built on the spot.
import { RedisContainer } from "@testcontainers/redis";
import { createClient } from "redis";
import { GenericContainer, Network, Wait } from "testcontainers";

const network = await new Network().start();
const [store, stub] = await Promise.all([
  new RedisContainer(process.env.REDIS_IMAGE).withPassword("secret").withNetwork(network).withNetworkAliases("store").start(),
  GenericContainer.fromDockerfile("stub")
    .build()
    .then((image) =>
      image
        .withNetwork(network)
        .withExposedPorts(8080)
        .withCopyContentToContainer([{ content: JSON.stringify({ "GET /rate": "1.25" }), target: "/srv/answers.json" }])
        .withWaitStrategy(Wait.forHttp("/rate", 8080))
        .start(),
    ),
]);
const client = createClient({ url: store.getConnectionUrl() });
await client.connect();
await client.set("rate", await (await fetch(`http://${stub.getHost()}:${stub.getMappedPort(8080)}/rate`)).text());
console.log(await client.get("rate"));
console.log((await stub.exec(["sh", "-c", "nc -z store 6379 && echo found its neighbour"])).output.trim());
client.destroy();
await Promise.all([store.stop(), stub.stop()]);
await network.stop();
