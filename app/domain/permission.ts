/** Who may do what: GitHub's repository permission, raised (never lowered) by policy. */

/** In rising order. `triage` matters only for reading commands on public repositories. */
export const permissions = ['none', 'read', 'triage', 'write', 'maintain', 'admin'] as const;
export type Permission = (typeof permissions)[number];

export const atLeast = (has: Permission, needed: Permission): boolean =>
  permissions.indexOf(has) >= permissions.indexOf(needed);

/**
 * GitHub's answer of `GET …/collaborators/{user}/permission` → our permission. Custom roles change `role_name`, so the
 * booleans decide (G5).
 */
export function fromGitHub(
  rights:
    | { pull?: boolean; triage?: boolean; push?: boolean; maintain?: boolean; admin?: boolean }
    | undefined,
): Permission {
  if (rights === undefined) return 'none';
  if (rights.admin) return 'admin';
  if (rights.maintain) return 'maintain';
  if (rights.push) return 'write';
  if (rights.triage) return 'triage';
  return rights.pull ? 'read' : 'none';
}
