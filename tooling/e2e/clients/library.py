import docker

client = docker.from_env()
print(client.containers.run("sbx/own:latest", ["echo", "from python"], remove=True).decode().strip())
container = client.containers.run("sbx/own:latest", ["sleep", "300"], detach=True, ports={"80/tcp": None})
container.reload()
print(container.exec_run(["echo", "in it"]).output.decode().strip(), container.attrs["NetworkSettings"]["Ports"]["80/tcp"][0]["HostIp"])
container.remove(force=True)
