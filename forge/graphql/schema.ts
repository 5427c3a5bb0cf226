/** GitHub's GraphQL schema, built when the first document comes: it has 70,000 lines. */
import { buildSchema, type GraphQLSchema } from 'graphql';

let building: Promise<GraphQLSchema> | null = null;

/** The package parses megabytes when it is imported: that waits until somebody needs it, too. */
export function githubSchema(): Promise<GraphQLSchema> {
  building ??= import('@octokit/graphql-schema').then(({ schema }) =>
    buildSchema(schema.idl, { assumeValid: true, assumeValidSDL: true, noLocation: true }),
  );
  return building;
}
