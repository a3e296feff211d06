/** Jobs for one BullMQ queue in bulk: what is asked for while a bulk is under way goes into the next one. */
import type { Queue } from 'bullmq';
import type { JobData, JobResult } from './bullmq-queues.ts';

interface Asked {
  readonly number: string;
  readonly resolve: (jobId: string) => void;
  readonly reject: (reason: unknown) => void;
}

export class GroupedAdds {
  readonly queue: Queue<JobData, JobResult>;
  #asked: Asked[] = [];
  #underWay = false;

  constructor(queue: Queue<JobData, JobResult>) {
    this.queue = queue;
  }

  /** The id of the job, once Redis has acknowledged it. Rejects if it did not. */
  add(number: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#asked.push({ number, resolve, reject });
      if (!this.#underWay) void this.#flush();
    });
  }

  async #flush(): Promise<void> {
    this.#underWay = true;
    while (this.#asked.length > 0) {
      const group = this.#asked;
      this.#asked = [];
      try {
        const jobs = await this.queue.addBulk(
          group.map(({ number }) => ({ name: 'factor', data: { number } })),
        );
        for (const [i, { resolve }] of group.entries()) resolve(jobs[i]?.id ?? '');
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.#underWay = false;
  }
}
