// Answers as a service of somebody else would, by what the test put in.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

const answers = JSON.parse(readFileSync("/srv/answers.json", "utf8"));
createServer(({ method, url }, response) => {
  const answer = answers[`${method} ${url}`];
  response.writeHead(answer === undefined ? 404 : 200).end(answer);
}).listen(8080, () => process.stdout.write("ready\n"));
