/** Preloaded by every rank: the last ones count as processes of another node. */
const rank = Number(process.env.OMPI_COMM_WORLD_RANK ?? process.env.PMI_RANK);
if (rank >= 2) process.env.SHOAL_NODE ??= 'second';
