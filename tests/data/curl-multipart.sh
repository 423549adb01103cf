# 1) Initiate multipart upload
curl -sS -X POST "https://api.fastclip.dev/v1/upload/multipart/initiate" \
  -H "Authorization: Bearer sk_live_xxx" \
  -H "Content-Type: application/json" \
  -d '{"filename":"source.mp4","content_type":"video/mp4","file_size":2147483648,"part_size":33554432,"part_count":64}'
# 2) PUT each byte range to its matching parts[N].url.
# Capture the ETag response header for every successful part PUT.
# 3) Complete multipart upload
curl -sS -X POST "https://api.fastclip.dev/v1/upload/multipart/complete" \
  -H "Authorization: Bearer sk_live_xxx" \
  -H "Content-Type: application/json" \
  -d '{"file_id":"upl_a1b2c3d4e5f6","upload_id":"multipart_upload_id","parts":[{"part_number":1,"etag":"etag-from-part-1"},{"part_number":2,"etag":"etag-from-part-2"}]}'
# 4) Poll upload validation
curl -sS "https://api.fastclip.dev/v1/upload/upl_a1b2c3d4e5f6" \
  -H "Authorization: Bearer sk_live_xxx"
