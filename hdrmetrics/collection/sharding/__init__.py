"""Collections in shards: workers of this machine or of clusters, and the files they write."""
