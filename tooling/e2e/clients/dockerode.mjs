import Docker from "dockerode";

const docker = new Docker();
// Not with AutoRemove: dockerode waits only after it has started, and may ask for what is gone by then.
const [{ StatusCode }, ran] = await docker.run("sbx/own:latest", ["echo", "from dockerode"], process.stdout);
await ran.remove();
const network = await docker.createNetwork({ Name: "made" });
const volume = await docker.createVolume({ Name: "made" });
const container = await docker.createContainer({ name: "made", Image: "sbx/own:latest", Cmd: ["sleep", "300"], HostConfig: { NetworkMode: "made", Binds: ["made:/data"] } });
await container.start();
const cat = await docker.createContainer({ Image: "sbx/own:latest", Cmd: ["cat"], OpenStdin: true, StdinOnce: true, HostConfig: { NetworkMode: "none" } });
const stream = await cat.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
await cat.start();
stream.end("to and fro\n");
const said = [];
cat.modem.demuxStream(stream, { write: (piece) => said.push(piece) }, process.stderr);
await cat.wait();
await cat.commit({ repo: "made", tag: "1", comment: "by dockerode" });
await docker.getImage("made:1").remove();
await cat.remove();
const { State, NetworkSettings } = await container.inspect();
await container.remove({ force: true });
await volume.remove();
await network.remove();
const { length: plugins } = await docker.listPlugins();
process.stdout.write(Buffer.concat(said));
console.log(plugins, StatusCode, State.Running, Object.keys(NetworkSettings.Networks).join());
