/**
 * Where a module of ours lies: `.ts` in a checkout, `.js` in the published package. For code that is started by its address,
 * such as a worker thread; whatever is imported needs no help.
 */

/** The module at `path` (relative, without extension), seen from the module whose `import.meta.url` is given. */
export function moduleUrl(path: string, importMetaUrl: string): URL {
  const extension = importMetaUrl.slice(importMetaUrl.lastIndexOf('.'));
  return new URL(path + extension, importMetaUrl);
}
