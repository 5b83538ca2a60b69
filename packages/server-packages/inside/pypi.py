# Runs in the pod of an installation, by `python3 -c`. Says one JSON document on standard output; everything else goes to
# standard error. Nothing of the package is run: only wheels are taken, which are unpacked and not built.
import hashlib, json, os, re, shutil, subprocess, sys, urllib.parse, urllib.request

ROOT = "/opt/mcp"
VENV = ROOT + "/venv"
PIP = [VENV + "/bin/python", "-m", "pip", "--no-input", "--disable-pip-version-check", "--no-cache-dir"]
operation, name, version = (sys.argv + ["", "", ""])[1:4]


def index_url():
    from pip._internal.models.index import PyPI

    return os.environ.get("PIP_INDEX_URL") or PyPI.simple_url


def normal(text):
    return re.sub(r"[-_.]+", "-", text).lower()


def run(command):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=2)


def index():
    return {"index": index_url()}


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


def hash_tree(top):
    tree = hashlib.sha256()
    for directory, names, files in os.walk(top):
        names[:] = sorted(one for one in names if one != "__pycache__")
        for one in sorted(files + [n for n in names if os.path.islink(os.path.join(directory, n))]):
            path = os.path.join(directory, one)
            at = json.dumps(os.path.relpath(path, top))
            if os.path.islink(path):
                tree.update(f"l {at} {json.dumps(os.readlink(path))}\n".encode())
                continue
            with open(path, "rb") as file:
                content = hashlib.sha256(file.read()).hexdigest()
            tree.update(f"f {at} {'x' if os.stat(path).st_mode & 0o111 else '-'} {content}\n".encode())
    return tree.hexdigest()


def size_of(top):
    return sum(os.lstat(os.path.join(d, f)).st_size for d, _, fs in os.walk(top) for f in fs)


def programs():
    code = "import importlib.metadata as m, json, sys\nd = m.distribution(sys.argv[1])\nprint(json.dumps([d.version, [e.name for e in d.entry_points if e.group == 'console_scripts']]))"
    return json.loads(subprocess.run([VENV + "/bin/python", "-c", code, name], check=True, stdout=subprocess.PIPE).stdout)


def read_report(path):
    """Every package that is installed, each with the hash of its file."""
    with open(path) as file:
        items = json.load(file)["install"]
    lines, integrity = [], None
    for one in sorted(items, key=lambda item: normal(item["metadata"]["name"])):
        digest = one["download_info"]["archive_info"]["hashes"]["sha256"]
        lines.append(f"{one['metadata']['name']}=={one['metadata']['version']} --hash=sha256:{digest}\n")
        if normal(one["metadata"]["name"]) == normal(name):
            integrity = "sha256-" + digest
    return "".join(lines), integrity


def install():
    lock = sys.stdin.read()
    os.environ["TMPDIR"] = ROOT + "/.tmp"
    os.mkdir(os.environ["TMPDIR"])
    run(["python3", "-m", "venv", VENV])
    wheels = ["install", "--only-binary", ":all:", "--retries", "1", "--timeout", "60", "--report", os.environ["TMPDIR"] + "/report"]
    if not lock:
        run(PIP + wheels + ["--dry-run", name + "==" + version])
        lock = read_report(os.environ["TMPDIR"] + "/report")[0]
    with open(os.environ["TMPDIR"] + "/lock", "w") as file:
        file.write(lock)
    run(PIP + wheels + ["--no-compile", "--require-hashes", "-r", os.environ["TMPDIR"] + "/lock"])
    resolved, integrity = read_report(os.environ["TMPDIR"] + "/report")
    shutil.rmtree(os.environ["TMPDIR"])
    found, scripts = programs()
    # Wheels bring no byte code, and a server could not write any.
    tree = hash_tree(ROOT)
    run([VENV + "/bin/python", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", VENV + "/lib"])
    return {"resolved": resolved, "integrity": integrity, "version": found, "programs": scripts, "main": name, "tree": tree, "bytes": size_of(ROOT)}


print(json.dumps({"index": index, "view": view, "install": install}[operation]()))
