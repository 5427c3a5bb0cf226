/** Where the MCP server's program is when the runner runs from its sources; a bundle has it elsewhere. */
import { fileURLToPath } from 'node:url';

export const mcpMain = fileURLToPath(new URL('./mcp-main.ts', import.meta.url));
