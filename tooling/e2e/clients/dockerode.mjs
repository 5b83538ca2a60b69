import Docker from "dockerode";

const docker = new Docker();
// Not with AutoRemove: dockerode waits only after it has started, and may ask for what is gone by then.
const [{ StatusCode }, ran] = await docker.run("sbx/own:latest", ["echo", "from dockerode"], process.stdout);
await ran.remove();
const network = await docker.createNetwork({ Name: "made" });
const volume = await docker.createVolume({ Name: "made" });
const container = await docker.createContainer({ name: "made", Image: "sbx/own:latest", Cmd: ["sleep", "300"], HostConfig: { NetworkMode: "made", Binds: ["made:/data"] } });
await container.start();
const { State, NetworkSettings } = await container.inspect();
await container.remove({ force: true });
await volume.remove();
await network.remove();
console.log(StatusCode, State.Running, Object.keys(NetworkSettings.Networks).join());
