# 1) Request single upload URL
curl -sS -X POST "https://api.fastclip.dev/v1/upload/request" \
  -H "Authorization: Bearer sk_live_xxx" \
  -H "Content-Type: application/json" \
  -d '{"filename":"source.mp4","content_type":"video/mp4","file_size":734003200}'
# 2) PUT bytes to upload_url (from response)
curl -X PUT "https://...presigned..." \
  -H "Content-Type: video/mp4" \
  --data-binary @source.mp4
# 3) Poll upload
curl -sS "https://api.fastclip.dev/v1/upload/upl_a1b2c3d4e5f6" \
  -H "Authorization: Bearer sk_live_xxx"
# 4) Create clip
curl -sS -X POST "https://api.fastclip.dev/v1/clip" \
  -H "Authorization: Bearer sk_live_xxx" \
  -H "Content-Type: application/json" \
  -d '{"file_id":"upl_a1b2c3d4e5f6","start":12,"end":42,"format":"mp4","quality":"1080p"}'
# 5) Poll job
curl -sS "https://api.fastclip.dev/v1/clip/job_123" \
  -H "Authorization: Bearer sk_live_xxx"
