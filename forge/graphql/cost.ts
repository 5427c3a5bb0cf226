/** What a GraphQL document costs, before it runs (G42): pages asked for, times the pages they stand in. */
import {
  getNamedType,
  GraphQLError,
  isInterfaceType,
  isObjectType,
  Kind,
  type DocumentNode,
  type FieldNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  type SelectionSetNode,
} from 'graphql';

const mostNodes = 500_000;

export interface Cost {
  /** Of the hour's points; at least 1. */
  points: number;
  nodes: number;
}

interface Walk {
  schema: GraphQLSchema;
  document: DocumentNode;
  variables: Record<string, unknown>;
  requests: number;
  nodes: number;
}

/** @param document is valid by the schema */
export function costOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  variables: Record<string, unknown> = {},
): Cost {
  const walk: Walk = { schema, document, variables, requests: 0, nodes: 0 };
  for (const definition of document.definitions)
    if (definition.kind === Kind.OPERATION_DEFINITION)
      visit(walk, definition.selectionSet, { type: schema.getRootType(definition.operation), around: 1 });
  return { points: Math.max(1, Math.round(walk.requests / 100)), nodes: walk.nodes };
}

/** @param at the selections' type, and how often they are fetched at most */
function visit(
  walk: Walk,
  { selections }: SelectionSetNode,
  at: { type: GraphQLNamedType | null | undefined; around: number },
): void {
  for (const selection of selections)
    switch (selection.kind) {
      case Kind.FIELD:
        visitField(walk, selection, at);
        break;
      case Kind.INLINE_FRAGMENT: {
        const name = selection.typeCondition?.name.value;
        const type = name === undefined ? at.type : walk.schema.getType(name);
        visit(walk, selection.selectionSet, { type, around: at.around });
        break;
      }
      case Kind.FRAGMENT_SPREAD:
        for (const fragment of walk.document.definitions)
          if (fragment.kind === Kind.FRAGMENT_DEFINITION && fragment.name.value === selection.name.value)
            visit(walk, fragment.selectionSet, {
              type: walk.schema.getType(fragment.typeCondition.name.value),
              around: at.around,
            });
    }
}

function visitField(
  walk: Walk,
  field: FieldNode,
  { type: parent, around }: { type: GraphQLNamedType | null | undefined; around: number },
): void {
  if (field.selectionSet === undefined || (!isObjectType(parent) && !isInterfaceType(parent))) return;
  const type = getNamedType(parent.getFields()[field.name.value]?.type);
  const size = type?.name.endsWith('Connection') === true ? sizeOf(field, walk.variables) : null;
  if (size !== null) {
    walk.requests += around;
    walk.nodes += around * size;
  }
  visit(walk, field.selectionSet, { type, around: around * (size ?? 1) });
}

/** `first` or `last`, given or by a variable; null when there is neither, which the connection itself refuses. */
function sizeOf(field: FieldNode, variables: Record<string, unknown>): number | null {
  for (const { name, value } of field.arguments ?? []) {
    if (name.value !== 'first' && name.value !== 'last') continue;
    if (value.kind === Kind.INT) return Number(value.value);
    const given = value.kind === Kind.VARIABLE ? variables[value.name.value] : null;
    if (typeof given === 'number') return given;
  }
  return null;
}

/** GitHub's refusal of a document that could ask for too much; null when it may run. */
export function tooManyNodes({ nodes }: Cost): GraphQLError | null {
  const words = new Intl.NumberFormat('en');
  return nodes <= mostNodes
    ? null
    : new GraphQLError(
        `This query requests up to ${words.format(nodes)} possible nodes which exceeds the maximum limit of ${words.format(mostNodes)}.`,
        { extensions: { type: 'MAX_NODE_LIMIT_EXCEEDED' } },
      );
}
