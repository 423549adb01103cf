// What a clip's format is to a player. Of moving pictures FastClip makes mp4 and gif; all else is sound alone.

export function kindOf(format: string): 'picture' | 'sound' | 'video' {
  if (format === 'gif') return 'picture';
  return format === 'mp4' ? 'video' : 'sound';
}
