import docker

client = docker.from_env()
print(client.containers.run("sbx/own:latest", ["echo", "from python"], remove=True).decode().strip())
container = client.containers.run("sbx/own:latest", ["sleep", "300"], detach=True, ports={"80/tcp": None})
container.reload()
print(container.exec_run(["echo", "in it"]).output.decode().strip(), container.attrs["NetworkSettings"]["Ports"]["80/tcp"][0]["HostIp"])
container.remove(force=True)

# What the library does by its own: parameters that are long gone, networks without a word about them, terminals that are told of once.
assert any("sbx/own:latest" in image.tags for image in client.images.list())
image = client.images.get("sbx/own:latest")
assert image.tag("again", tag="1", force=True) and client.images.get("again:1").id == image.id
client.images.remove("again:1")
network = client.networks.create("of-python")
container = client.containers.run("sbx/own:latest", ["sleep", "300"], detach=True, network="of-python", cpu_shares=512, tmpfs={"/memory": "size=3M"})
container.reload()
assert list(container.attrs["NetworkSettings"]["Networks"]) == ["of-python"]
assert container.attrs["HostConfig"]["CpuShares"] == 512
assert container.exec_run(["df", "-k", "/memory"]).output.split()[8] == b"3072"
made = client.api.exec_create(container.id, ["sh", "-c", "test -t 1 && echo on a terminal"], tty=True, detach_keys="ctrl-q")
print(client.api.exec_start(made["Id"]).decode().strip(), client.api.exec_start(client.api.exec_create(container.id, ["echo", "raw"], tty=True)["Id"], tty=True).decode().strip())
network.disconnect(container)
try:
    network.disconnect(container, force=True)
except docker.errors.APIError as error:
    print(error.status_code, "not connected" in str(error))
container.remove(force=True)
network.remove()
assert client.swarm.leave(force=True)
lines = list(client.api.build(path="stub", tag="of-python", decode=True))
print(lines[-1]["stream"].strip())
client.images.remove("of-python")
