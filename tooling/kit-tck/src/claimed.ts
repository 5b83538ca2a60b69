const STANDARD = "com.docker.sandbox";

/**
 * Capability types that the adapter claims: all whose requirement sbx accepts, no more and no less. What is carried out in part
 * is claimed too, since a Kit that requires it is not refused; the suite then says which part is missing.
 */
export const CLAIMED: readonly string[] = [
  "acp@1",
  "agent-context@1",
  "agent-interactive-sessions@1",
  "agent-sessions@1",
  "agent-skill@1",
  "agent-skills@1",
  "credential@1",
  "git-identity@1",
  "lifecycle@1",
  "long-running@1",
  "network-policy@1",
  "network-policy@2",
  "resources@1",
  "sbx@1",
  "ssh-agent@1",
  "volume@1",
].map((type) => `${STANDARD}/${type}`);
