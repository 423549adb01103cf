// How a job is called before and after it has a file of its own.
import type { Job } from '../api/types';
import { text } from '../strings';

export const jobName = (job: Job): string => job.file_name || job.source_name || text.shell.jobs.unnamed;
