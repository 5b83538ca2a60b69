# Runs in the pod of an installation, by `python3 -c`. Says JSON documents on standard output, a line each; everything else
# goes to standard error. Nothing of the package is run: only wheels are taken, which are unpacked and not built.
import hashlib, json, os, re, shutil, subprocess, sys, tomllib, urllib.parse, urllib.request

ROOT = "/opt/mcp"
VENV = ROOT + "/venv"
CACHE = ROOT + "/.cache"
operation, name, version = (sys.argv + ["", "", ""])[1:4]


def say(document):
    print(json.dumps(document), flush=True)


def index_url():
    from pip._internal.models.index import PyPI

    return os.environ.get("PIP_INDEX_URL") or PyPI.simple_url


def normal(text):
    return re.sub(r"[-_.]+", "-", text).lower()


def uv(*arguments):
    settings = {"UV_NO_CONFIG": "1", "UV_CACHE_DIR": CACHE, "UV_PYTHON_DOWNLOADS": "never", "UV_DEFAULT_INDEX": index_url(), "UV_NO_PROGRESS": "1", "UV_HTTP_TIMEOUT": "60", "UV_HTTP_RETRIES": "1"}
    # Byte code that is checked against its source by what it holds would be made again for each start.
    settings["PYC_INVALIDATION_MODE"] = "UNCHECKED_HASH"
    subprocess.run(["uv", *arguments], check=True, stdin=subprocess.DEVNULL, stdout=2, env={**os.environ, **settings})


def view():
    """Where the files of this version are: an index may keep them at another host."""
    page = index_url().rstrip("/") + "/" + normal(name) + "/"
    accept = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.5, text/html;q=0.1"
    with urllib.request.urlopen(urllib.request.Request(page, headers={"Accept": accept}), timeout=60) as reply:
        text = reply.read(64 << 20).decode()
        base = reply.geturl()
        kind = reply.headers.get_content_type()
    if kind.endswith("+json"):
        links = [one["url"] for one in json.loads(text)["files"]]
    else:
        links = re.findall(r'<a\b[^>]*\bhref="([^"#]+)', text)
    files = [urllib.parse.urljoin(base, link) for link in links]
    wanted = [url for url in files if "-" + version in urllib.parse.unquote(url.rsplit("/", 1)[-1])]
    if not wanted:
        sys.exit(name + " has no version " + version)
    return {"files": wanted[:200]}


def look_at(top):
    """One hash over all files that wheels brought, and the size of everything."""
    tree, size = hashlib.sha256(), 0
    for directory, names, files in os.walk(top):
        names.sort()
        in_cache = "__pycache__" in os.path.relpath(directory, top).split(os.sep)
        for one in sorted(files + [n for n in names if os.path.islink(os.path.join(directory, n))]):
            path = os.path.join(directory, one)
            status = os.lstat(path)
            size += status.st_size
            if in_cache:
                continue
            at = json.dumps(os.path.relpath(path, top))
            if os.path.islink(path):
                tree.update(f"l {at} {json.dumps(os.readlink(path))}\n".encode())
                continue
            with open(path, "rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
            tree.update(f"f {at} {'x' if status.st_mode & 0o111 else '-'} {content}\n".encode())
    return {"tree": tree.hexdigest(), "bytes": size}


def distributions():
    import glob
    from importlib.metadata import distributions as found

    return {normal(one.metadata["Name"]): one for one in found(path=glob.glob(VENV + "/lib/python3*/site-packages"))}


def choose_wheels(path):
    """The wheel of each package that fits best, with its hash: no other one is taken then."""
    from pip._vendor.packaging.tags import sys_tags
    from pip._vendor.packaging.utils import parse_wheel_filename

    ranks = {tag: rank for rank, tag in reversed(list(enumerate(sys_tags())))}

    def order(wheel):
        file = urllib.parse.unquote(urllib.parse.urlsplit(wheel.get("url") or wheel.get("name")).path.rsplit("/", 1)[-1])
        _, _, build, tags = parse_wheel_filename(file)
        fitting = [ranks[tag] for tag in tags if tag in ranks]
        return (min(fitting) if fitting else len(ranks), tuple(-part if isinstance(part, int) else 0 for part in build))

    with open(path, "rb") as file:
        packages = tomllib.load(file)["packages"]
    best = [(one["name"], one["version"], min(one["wheels"], key=order)["hashes"]["sha256"]) for one in packages]
    return "".join(f"{package}=={at} --hash=sha256:{digest}\n" for package, at, digest in sorted(best))


def install(lock):
    uv("venv", "--quiet", "--python", "/usr/bin/python3", VENV)
    os.makedirs(CACHE, exist_ok=True)
    wheels = ["--only-binary", ":all:", "--python", VENV + "/bin/python"]
    if not lock:
        with open(CACHE + "/wanted", "w") as file:
            file.write(name + "==" + version + "\n")
        uv("pip", "compile", "--quiet", *wheels, "--format", "pylock.toml", "-o", CACHE + "/pylock.toml", CACHE + "/wanted")
        lock = choose_wheels(CACHE + "/pylock.toml")
    with open(CACHE + "/lock", "w") as file:
        file.write(lock)
    uv("pip", "install", *wheels, "--no-deps", "--require-hashes", "--compile-bytecode", "-r", CACHE + "/lock")
    shutil.rmtree(CACHE)
    locked = {normal(line.split("==")[0]): line.rstrip().rsplit("=sha256:", 1)[1] for line in lock.splitlines()}
    there = distributions()
    if set(there) != set(locked):
        sys.exit("what was installed is not what was locked: " + " ".join(sorted(set(there) ^ set(locked))))
    own = there[normal(name)]
    scripts = [one.name for one in own.entry_points if one.group == "console_scripts"]
    return {"resolved": lock, "integrity": "sha256-" + locked[normal(name)], "version": own.version, "programs": scripts, "main": name, **look_at(ROOT)}


if operation == "index":
    say({"index": index_url()})
else:
    say(view())
    answer = sys.stdin.read()
    # Nothing is installed unless what may be reached was found to be right.
    if not answer:
        sys.exit("nobody said to go on")
    say(install(json.loads(answer)["lock"]))
