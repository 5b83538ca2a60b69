/** The person's own skills, as they lie on the host. */
export interface SharedSkills {
  /** Absolute and real. */
  readonly directory: string;
  /** Names of those in it. */
  readonly names: readonly string[];
}

/** Where a person keeps skills for all agents. What is in it is for agents, and nothing of it is believed. */
export interface SkillStore {
  /** `undefined` where there are none. Never rejects. */
  read(): Promise<SharedSkills | undefined>;
}
