"""Region: files to checked tables to :class:`~zemsim.region.region.Region`; the embedded packs; what makes them."""
