/** Texts on what no single command explains, by name. */
export const TOPICS: Readonly<Record<string, { readonly title: string; readonly text: string }>> = {
  rules: {
    title: "what a sandbox may reach, and how to say it",
    text: `A sandbox reaches nothing until a rule allows it, and any denial wins.

A destination is a host with an optional port:
  api.example.org            this host, every port
  api.example.org:443        one port
  *.example.org              one label in front
  **.example.org             any number of labels in front
  192.0.2.7, 10.0.0.0/8      addresses; private ones only when they are named

Rules come from the agent's profile, from you (sbx policy allow, for all sandboxes or with --sandbox for one), and from
whoever administers this machine. Changes hold at once, also for connections that are open.

  sbx policy why HOST        what decides, and what would change it
  sbx events -f              what is refused, now`,
  },
  paths: {
    title: "which files a sandbox sees, and how files get in and out",
    text: `A sandbox sees its workspace at its own path, directories of --add-dir, and a home of its own that lasts until
sbx rm. What makes tools of this machine run code (git hooks, editor tasks, agents' settings) is read-only inside;
--allow-write opens a path, --hide empties one.

  sbx cp SRC SANDBOX:DEST    and back; links of this machine are never followed
  SANDBOX:PATH               absolute, relative to the workspace, or ~/… in the agent's home
  DIR/.                      what is in DIR`,
  },
  templates: {
    title: "how to put packages into a sandbox, and start others from it",
    text: `An agent is nobody's root: what it needs of the system, you put there.

  sbx install PACKAGE…               into the sandbox of this directory
  sbx save SANDBOX NAME              what it is made of, as a template
  sbx save SANDBOX NAME --home PATH  with a path of its home
  sbx run --template NAME AGENT      a new one from it
  sbx template ls, sbx template rm NAME

A template has the agent's image and the packages that you installed: an agent can write none of them. Of the home it can write
all, so nothing of that goes along unsaid. Rules, variables, ports and mounts stay with the sandbox.

An image of your own is a Kit: a directory with a Dockerfile that begins with FROM \${SBX_BASE}, and a kit.yaml. Begin with:
sbx agents new NAME. It is built when it is used first: sbx run ./NAME`,
  },
  sessions: {
    title: "how agents run on when you leave",
    text: `sbx run opens a session of the agent. Leave it with ctrl-p ctrl-q, or close the terminal: it goes on.

  sbx attach                 back to it, from any terminal
  sbx run --new AGENT        a second one beside it
  sbx run --name NAME AGENT  another sandbox of the same directory
  sbx run -d AGENT           begin one and come back at once
  sbx run --rm AGENT         remove the sandbox when the session has ended
  sbx exec SANDBOX bash      a command beside the agent

A sandbox without a session stops after a while; what is in its home stays.`,
  },
  ports: {
    title: "how to look at what an agent serves",
    text: `A port of a sandbox is at this machine's loopback when you publish it, and at no other address.

  sbx run -p 8080:3000 AGENT          at each start
  sbx ports SANDBOX --publish 3000    now, at any free port
  sbx ports SANDBOX                   which are

The other way, a service of this machine for a sandbox: sbx run --allow-host-port 5432; inside it is
host.docker.internal:5432.`,
  },
  environment: {
    title: "variables that sbx reads",
    text: `  SBX_STATE_DIR      where the daemon keeps its socket, database and logs (default: ~/.local/state/sbx)
  SBX_CONFIG_DIR     rules, Kits, catalogs (default: ~/.config/sbx)
  DOCKER_HOST, DOCKER_CONTEXT   which container engine; with DOCKER_TLS_VERIFY, DOCKER_CERT_PATH over TLS
  SBX_ENGINE_SHARES  directories (a:b) that an engine in a virtual machine sees, for workspaces (default: your home)
  SBX_PLAIN_ENGINE   yes: speak without TLS to an engine of another machine
  HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY   the proxy of your network, for images and for what sandboxes may reach
  SSL_CERT_FILE, NODE_EXTRA_CA_CERTS   authorities that your network has beside the public ones
  NO_COLOR           no colours

Variables for an agent: -e KEY=VALUE, -e KEY, --env-file FILE.`,
  },
  "exit-codes": {
    title: "what the exit code says",
    text: `  the agent's own   sbx run, attach and exec end as the program inside did
  1                 an answer that is a no
  2                 the command line is wrong
  124               the --deadline ended the session
  125               sbx itself failed; the message has a fix and a code
  126, 127          from inside: the program cannot be run, or is not there
  129, 130, 143     sbx was ended by a hang-up, by Ctrl-C, by SIGTERM`,
  },
};
