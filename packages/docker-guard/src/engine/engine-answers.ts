import * as z from "zod";

/** What is read of the engine's answers; all else in them is left alone. */
const Labels = z
  .record(z.string(), z.string())
  .nullish()
  .transform((labels) => labels ?? {});

export const Created = z.object({ Id: z.string().regex(/^[0-9a-f]{64}$/) });

/** GET /containers/json. */
export const ContainerSummaries = z.array(
  z.object({
    Id: z.string(),
    Names: z.array(z.string()),
    Labels,
    Command: z.string().default(""),
    State: z.string(),
    Status: z.string(),
    Created: z.number(),
    HostConfig: z.object({ NetworkMode: z.string().default("") }),
    SizeRw: z.number().optional(),
    SizeRootFs: z.number().optional(),
  }),
);
export type ContainerSummary = z.infer<typeof ContainerSummaries>[number];

const Health = z.object({
  Status: z.string(),
  FailingStreak: z.number().default(0),
  Log: z.array(z.object({ Start: z.string(), End: z.string(), ExitCode: z.number(), Output: z.string() })).nullish(),
});

/** GET /containers/{id}/json. */
export const ContainerFacts = z.object({
  Id: z.string(),
  State: z.object({
    Status: z.string(),
    Running: z.boolean(),
    Paused: z.boolean(),
    Restarting: z.boolean(),
    OOMKilled: z.boolean(),
    Dead: z.boolean(),
    ExitCode: z.number(),
    StartedAt: z.string(),
    FinishedAt: z.string(),
    Health: Health.nullish(),
  }),
  Config: z.object({
    Env: z.array(z.string()).nullish(),
    Cmd: z.array(z.string()).nullish(),
    Entrypoint: z.array(z.string()).nullish(),
    WorkingDir: z.string().default(""),
    User: z.string().default(""),
    ExposedPorts: z.record(z.string(), z.unknown()).nullish(),
    StopSignal: z.string().optional(),
  }),
  HostConfig: z.object({ Memory: z.number().default(0), NanoCpus: z.number().default(0), CpuShares: z.number().default(0), PidsLimit: z.number().nullish() }).optional(),
  Mounts: z.array(z.object({ Source: z.string().default(""), Destination: z.string(), RW: z.boolean() })).nullish(),
  SizeRw: z.number().optional(),
  SizeRootFs: z.number().optional(),
});
export type ContainerFacts = z.infer<typeof ContainerFacts>;

/** GET /images/{id}/json. */
export const ImageFacts = z.object({
  Id: z.string(),
  Created: z.string().default("1970-01-01T00:00:00Z"),
  Size: z.number().default(0),
  Architecture: z.string().default(""),
  Os: z.string().default(""),
  Variant: z.string().optional(),
  Author: z.string().optional(),
  RepoDigests: z.array(z.string()).nullish(),
  Config: z
    .object({
      Volumes: z.record(z.string(), z.unknown()).nullish(),
      Labels,
      ExposedPorts: z.record(z.string(), z.unknown()).nullish(),
      Env: z.array(z.string()).nullish(),
      Cmd: z.array(z.string()).nullish(),
      Entrypoint: z.array(z.string()).nullish(),
      WorkingDir: z.string().default(""),
      User: z.string().default(""),
      StopSignal: z.string().optional(),
      Shell: z.array(z.string()).nullish(),
      OnBuild: z.array(z.string()).nullish(),
      Healthcheck: z
        .object({ Test: z.array(z.string()).nullish(), Interval: z.number().default(0), Timeout: z.number().default(0), StartPeriod: z.number().default(0), Retries: z.number().default(0) })
        .nullish(),
    })
    .nullish(),
  RootFS: z.object({ Type: z.string().default("layers"), Layers: z.array(z.string()).nullish() }).nullish(),
});
export type ImageFacts = z.infer<typeof ImageFacts>;

/** GET /images/{id}/history. */
export const History = z.array(z.object({ Created: z.number(), CreatedBy: z.string(), Size: z.number(), Comment: z.string().default("") }));

/** POST /volumes/create. */
export const VolumeMade = z.object({ Labels });

/** GET /volumes. */
export const VolumeList = z.object({ Volumes: z.array(z.object({ Name: z.string(), CreatedAt: z.string().default(""), Labels })).nullish() });

/** POST /containers/{id}/wait. */
export const WaitAnswer = z.object({ StatusCode: z.number(), Error: z.unknown().optional() });

/** GET /exec/{id}/json. */
export const ExecFacts = z.object({ Running: z.boolean(), ExitCode: z.number().nullish() });

/** GET /containers/{id}/top. */
export const TopFacts = z.object({ Titles: z.array(z.string()), Processes: z.array(z.array(z.string())).nullish() });

/** One line of /events. */
export const EngineEvent = z.object({
  Type: z.string(),
  Action: z.string(),
  Actor: z.object({ ID: z.string(), Attributes: z.record(z.string(), z.string()).nullish() }),
  time: z.number(),
  timeNano: z.number(),
});
export type EngineEvent = z.infer<typeof EngineEvent>;

/** One sample of /containers/{id}/stats. */
const Counters = z.record(z.string(), z.unknown()).nullish();
export const StatsFacts = z.object({ read: z.string(), preread: z.string(), pids_stats: Counters, cpu_stats: Counters, precpu_stats: Counters, memory_stats: Counters });
