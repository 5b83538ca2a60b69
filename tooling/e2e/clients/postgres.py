# A test as a service's own repository has it: nothing in it knows of a sandbox.
import os

import pg8000.native
from testcontainers.community.postgres import PostgresContainer

with PostgresContainer(os.environ["POSTGRES_IMAGE"], driver=None) as postgres:
    client = pg8000.native.Connection(postgres.username, host=postgres.get_container_host_ip(), port=int(postgres.get_exposed_port(5432)), database=postgres.dbname, password=postgres.password)
    client.run("create table notes (note text)")
    client.run("insert into notes values (:note)", note="kept by Python")
    print(client.run("select note from notes")[0][0])
    client.close()
