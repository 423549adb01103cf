// How a job is called before and after it has a file of its own, and where what it made can be seen.
import type { Job } from '../api/types';
import { text } from '../strings';

export function jobName(job: Job): string {
  const name = job.file_name || job.source_name || text.shell.jobs.unnamed;
  return job.kind === 'transcript' ? text.shell.jobs.transcript(name) : name;
}

/** The address of what a finished job made, or null. */
export function jobPlace(job: Job): string | null {
  if (job.kind === 'transcript') return job.file_id && `/studio?file=${job.file_id}&tab=transcript`;
  return job.clip_id && `/library/${job.clip_id}`;
}
