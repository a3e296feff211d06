/** Loaded into the real program ahead of it (`node --import`): its compute threads break in the ways of `src/engine/faulty-worker.ts`. */
import { registerHooks } from 'node:module';

registerHooks({
  resolve: (specifier, context, next) => {
    const resolved = next(specifier, context);
    return { ...resolved, url: resolved.url.replace(/\/engine\/worker\.ts$/, '/engine/faulty-worker.ts') };
  },
});
