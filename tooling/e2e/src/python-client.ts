/** The official client of Python as a program text: finds, adds, calls and removes a server, and prints what it saw as JSON. Arguments: `stdio` and a command, or `http`, an address and a token. */
export const PYTHON_CLIENT = `
import asyncio, json, os, sys
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamablehttp_client

async def use(read, write):
    async with ClientSession(read, write) as session:
        started = await session.initialize()
        names = lambda listed: [tool.name for tool in listed.tools]
        before = names(await session.list_tools())
        async def call(tool, **arguments):
            result = await session.call_tool(tool, arguments)
            return "\\n".join(block.text for block in result.content if block.type == "text")
        found = await call("mcp-find", query="ecko tool")
        added = await call("mcp-add", name="echo-tool")
        during = names(await session.list_tools())
        said = await call("echo", message="from Python")
        removed = await call("mcp-remove", name="echo-tool")
        after = names(await session.list_tools())
        print(json.dumps({"server": started.serverInfo.name, "before": before, "found": found, "added": added, "during": during, "said": said, "removed": removed, "after": after}))

async def main():
    how, *rest = sys.argv[1:]
    if how == "stdio":
        async with stdio_client(StdioServerParameters(command=rest[0], args=rest[1:], env=dict(os.environ))) as (read, write):
            await use(read, write)
    else:
        async with streamablehttp_client(rest[0], headers={"Authorization": "Bearer " + rest[1]}) as (read, write, _):
            await use(read, write)

asyncio.run(main())
`;
