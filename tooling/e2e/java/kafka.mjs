// A test as a service's own repository has it: nothing in it knows of a sandbox.
import { KafkaContainer } from "@testcontainers/kafka";
import { Kafka, logLevel } from "kafkajs";

const container = await new KafkaContainer("confluentinc/cp-kafka:8.0.0").withStartupTimeout(240_000).start();
const kafka = new Kafka({ brokers: [`${container.getHost()}:${container.getMappedPort(9093)}`], logLevel: logLevel.NOTHING, retry: { retries: 40, maxRetryTime: 2000 } });
const producer = kafka.producer();
const consumer = kafka.consumer({ groupId: "test" });
await producer.connect();
await producer.send({ topic: "notes", messages: [{ value: "sent by Node" }] });
await consumer.connect();
await consumer.subscribe({ topic: "notes", fromBeginning: true });
const received = new Promise((resolve) => {
  void consumer.run({ eachMessage: async ({ message }) => resolve(message.value.toString()) });
});
console.log(await received);
await consumer.disconnect();
await producer.disconnect();
await container.stop();
