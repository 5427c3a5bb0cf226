/** Which webhook deliveries GitHub has to send again (KW-2): those that no attempt brought into our inbox. */

export type Attempt = { readonly id: number; readonly guid: string };

/** So often is one delivery asked for; one that is refused each time (a wrong secret) is the operator's to see. */
export const attemptsAllowed = 5;

export type Missed = {
  /** The attempt to repeat of each missed delivery, oldest first. */
  readonly again: readonly number[];
  /** GUIDs that were tried often enough. */
  readonly lost: readonly string[];
};

/** `attempts` in any order; `stored` are the GUIDs that we have, whether they are worked on or not. */
export function missedDeliveries(attempts: readonly Attempt[], stored: ReadonlySet<string>): Missed {
  const byGuid = Map.groupBy(
    attempts.filter(({ guid }) => !stored.has(guid)),
    ({ guid }) => guid,
  );
  const again: number[] = [];
  const lost: string[] = [];
  for (const [guid, tries] of byGuid) {
    if (tries.length >= attemptsAllowed) lost.push(guid);
    else again.push(Math.max(...tries.map(({ id }) => id)));
  }
  return { again: again.sort((first, second) => first - second), lost };
}
