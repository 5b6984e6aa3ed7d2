package dev.registrymirror.lab.bench;

/**
 * What a herd cost.
 *
 * @param upstreamBytes that came in on the nodes' links to upstream, with all headers
 * @param lastByte seconds until the last node had the image's last byte on its disk
 * @param lastEnd seconds until the last pull's end, with unpacking
 * @param firstEnd seconds until the pull ended that began first
 * @param othersEnd seconds until the last pull's end but that of the node that a fault struck
 * @param idle the machine's idle share, 0 to 1
 * @param failed pulls
 * @param peakMiB the most that any of the mirrors ever had resident (VmHWM); 0 without a mirror
 */
record HerdFigures(
    long upstreamBytes,
    double lastByte,
    double lastEnd,
    double firstEnd,
    double othersEnd,
    double idle,
    int failed,
    double peakMiB) {}
