package dev.registrymirror.agent.homes;

/**
 * What {@link Homes} counts. The last four only grow.
 *
 * @param rosterNodes members of the roster, this node among them
 * @param advertisedDigests that this node holds
 * @param advertisedTags that this node has
 * @param pendingChanges announcements not yet confirmed by a home, summed over the homes
 * @param homeDigests kept by this node as a home
 * @param homeHoldings pairs of digest and provider kept as a home
 * @param homeTags kept as a home
 * @param homeProviders nodes that announced something to this home
 * @param leads flights that this node leads, each for at most two minutes ({@link Joins#LED})
 * @param openBreakers peers that are left out for now
 * @param droppedDigests dropped at the bounds of memory
 * @param lookups asked with {@link Homes#find} and {@link Homes#findTag}
 * @param lookupTimeouts homes that did not answer a lookup in time
 * @param resyncs times that everything was sent to a home
 */
public record Stats(
    int rosterNodes,
    int advertisedDigests,
    int advertisedTags,
    int pendingChanges,
    int homeDigests,
    int homeHoldings,
    int homeTags,
    int homeProviders,
    int leads,
    int openBreakers,
    long droppedDigests,
    long lookups,
    long lookupTimeouts,
    long resyncs) {}
