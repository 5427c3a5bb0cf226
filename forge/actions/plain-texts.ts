/** Makes YAML ready for GitHub's parser, which is written for editors. */
import { isScalar, parseDocument, visit } from 'yaml';

/**
 * The same document with every text of several lines written on one, as JSON. The parser takes a text of several
 * lines that holds expressions as it stands in the file, with indentation and quotes, so that an editor can point
 * into it; GitHub's runner takes its value. A document with errors comes back as it is, for the parser to report.
 */
export function withPlainTexts(content: string): string {
  const document = parseDocument(content, { keepSourceTokens: true });
  if (document.errors.length > 0) return content;
  visit(document, {
    Scalar(_, node) {
      if (isScalar(node) && typeof node.value === 'string' && node.srcToken !== undefined) {
        const source = 'source' in node.srcToken ? node.srcToken.source : '';
        if (source.includes('\n')) node.type = 'QUOTE_DOUBLE';
      }
    },
  });
  return document.toString({ lineWidth: 0, doubleQuotedAsJSON: true });
}
