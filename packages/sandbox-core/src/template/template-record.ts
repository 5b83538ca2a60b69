import { TemplateView } from "@sbx/contracts";
import * as z from "zod";

/** A template as the daemon keeps it. */
export const TemplateRecord = z.object({
  ...TemplateView.shape,
  version: z.literal(1),
  /** Name of its image in the engine. */
  reference: z.string(),
  /** Whether its image has Docker's command line. */
  docker: z.boolean(),
});
export type TemplateRecord = z.infer<typeof TemplateRecord>;

/** What clients see of a template. */
export function templateView({ version: _version, reference: _reference, docker: _docker, ...view }: TemplateRecord): TemplateView {
  return view;
}
