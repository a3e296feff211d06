/** For tests only: a store that does something else in one of its methods. */
import type { Store } from '../store/store.ts';

/** The store, but for one of its methods. */
export function storeFacade<Name extends keyof Store>(store: Store, name: Name, method: Store[Name]): Store {
  return new Proxy(store, {
    get(target, asked) {
      if (asked === name) return method;
      const member: unknown = Reflect.get(target, asked, target);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}
