/** What the scripted model says: one step an answer, in one format for every API it plays. */
import { z } from 'zod';

/** A tool by what it does: each CLI offers it by another name and with other arguments. */
const Call = z.union([
  z.strictObject({ mcp: z.string(), arguments: z.record(z.string(), z.unknown()).default({}) }),
  z.strictObject({ shell: z.string() }),
  z.strictObject({ write: z.strictObject({ path: z.string(), content: z.string() }) }),
  z.strictObject({ tool: z.string(), arguments: z.record(z.string(), z.unknown()) }),
]);
export type Call = z.infer<typeof Call>;

/** Instead of the step's answer, `times` times; afterwards the answer itself. */
const Fault = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('status'),
    status: z.int(),
    times: z.int().default(1),
    retryAfterSeconds: z.int().optional(),
  }),
  /** The connection ends in the middle of the answer. */
  z.strictObject({ kind: z.literal('cut'), times: z.int().default(1) }),
  /** Headers, and then nothing for ever. */
  z.strictObject({ kind: z.literal('silence'), times: z.int().default(1) }),
]);
export type Fault = z.infer<typeof Fault>;

export const ModelUsage = z.strictObject({
  /** Without cached ones, whatever the API counts. */
  input: z.int().default(100),
  cached: z.int().default(20),
  output: z.int().default(10),
});
export type ModelUsage = z.infer<typeof ModelUsage>;

export const Step = z
  .strictObject({
    /** What the result of the call before it has to contain. */
    after: z.string().optional(),
    text: z.string().optional(),
    call: Call.optional(),
    fault: Fault.optional(),
    usage: ModelUsage.prefault({}),
  })
  .refine((step) => (step.text === undefined) !== (step.call === undefined), {
    error: 'a step has either a text, which ends the turn, or a call',
  });
export type Step = z.output<typeof Step>;

export const Script = z.strictObject({
  /** Words that a conversation of this script has in it, where a server plays several. */
  when: z.string().default(''),
  model: z.string(),
  steps: z.array(Step).min(1),
  /** What requests without tools are told: CLIs ask for titles and summaries. */
  aside: z.string().default('A task'),
});
export type Script = z.output<typeof Script>;
export type ScriptInput = z.input<typeof Script>;
