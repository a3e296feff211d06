/** The bus of a replica that is alone: there is nobody to ask and nobody to tell. */
import { BusError, type Bus } from '../bus.ts';

export function localBus(): Bus {
  return {
    connected: true,
    ask: async (shard, topic) => {
      throw new BusError('absent', `Nobody answers for shard ${shard} on ${topic}: this replica is alone`);
    },
    answer: () => undefined,
    announce: () => undefined,
    hear: () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  };
}
