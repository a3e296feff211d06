/** Writes docs/openapi.json from the schemas of the routes: `node scripts/write-openapi.ts`. A test fails while it is out of date. */
import { writeFile } from 'node:fs/promises';
import { openApiDocument } from '../src/http/openapi-document.ts';

await writeFile(
  new URL('../docs/openapi.json', import.meta.url),
  `${JSON.stringify(await openApiDocument(), null, 2)}\n`,
);
