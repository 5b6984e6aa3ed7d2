package dev.registrymirror.agent.hosts;

import dev.registrymirror.agent.credentials.Credential;
import dev.registrymirror.agent.hosts.Report.Entry;
import dev.registrymirror.agent.hosts.Report.Outcome;
import dev.registrymirror.agent.oci.Repository;
import dev.registrymirror.agent.telemetry.Log;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.Set;

/**
 * A node's hosts configuration: the directory that containerd's {@code config_path} names. Puts the
 * mirror into it, and takes it out again, byte for byte.
 *
 * <p>Any hosts.toml that the mirror did not write is an original: it is kept outside the directory
 * (see {@link Originals}), the mirror is merged into it (see {@link Merge}), and it is put back in
 * the end. Doing anything twice changes nothing. Where one file cannot be done the others still
 * are.
 *
 * <p>One process at a time works on a directory: {@code configure} ends before {@code serve}
 * begins, and {@code cleanup} leaves nothing that a {@code serve} still running would put back.
 */
public final class HostsDirectory {

  private static final Log log = Log.of("hosts");

  private static final String MODE = "rw-r--r--";

  /** For a file with a credential: containerd reads it as root, nobody else needs to. */
  private static final String SECRET_MODE = "rw-------";

  private final Disk disk;
  private final Path hostsDir;
  private final Folders folders;
  private final Originals originals;

  /** Guarded by this. */
  private Optional<HostsSettings> settings;

  /**
   * @param hostsDir the directory of containerd's {@code config_path}
   * @param stateDir where the originals are kept; not within {@code hostsDir}
   */
  public HostsDirectory(Path hostsDir, Path stateDir, HostsSettings settings)
      throws UnusableDirectoryException {
    this(new Disk(), hostsDir, stateDir, Optional.of(settings));
  }

  HostsDirectory(Disk disk, Path hostsDir, Path stateDir, Optional<HostsSettings> settings)
      throws UnusableDirectoryException {
    this.disk = disk;
    this.hostsDir = hostsDir.toAbsolutePath().normalize();
    this.folders = new Folders(this.hostsDir);
    this.originals = new Originals(disk, stateDir, hostsDir);
    this.settings = settings;
    if (stateDir.toAbsolutePath().normalize().startsWith(this.hostsDir)) {
      throw new UnusableDirectoryException(
          stateDir
              + ": within the hosts directory, where originals may be deleted; name another"
              + " with --state-dir");
    }
  }

  /**
   * The directory for {@link #cleanup()}, which needs no settings.
   *
   * @throws UnusableDirectoryException where the state directory is within the hosts directory
   */
  public static HostsDirectory forCleanup(Path hostsDir, Path stateDir)
      throws UnusableDirectoryException {
    return new HostsDirectory(new Disk(), hostsDir, stateDir, Optional.empty());
  }

  /**
   * The directory as the last {@link #configure()} was told: for {@code serve}, which has not its
   * options.
   *
   * @param credential what containerd is to show; it is not kept with the settings
   * @return empty where nothing is configured
   * @throws UnusableDirectoryException where the state cannot be read
   */
  public static Optional<HostsDirectory> configured(
      Path hostsDir, Path stateDir, Optional<Credential> credential)
      throws UnusableDirectoryException {
    HostsDirectory directory = new HostsDirectory(new Disk(), hostsDir, stateDir, Optional.empty());
    try {
      Optional<Originals.Configured> configured = directory.originals.configured();
      if (configured.isEmpty() || !configured.get().active()) {
        return Optional.empty();
      }
      Originals.Configured found = configured.get();
      directory.settings =
          Optional.of(
              new HostsSettings(found.mirrors(), found.registries(), found.tags(), credential));
      return Optional.of(directory);
    } catch (IOException | IllegalArgumentException e) {
      throw new UnusableDirectoryException(
          stateDir + ": " + e.getMessage() + "; run mirror-agent configure again");
    }
  }

  /** The directory itself, absolute. */
  public Path path() {
    return hostsDir;
  }

  /**
   * Puts the mirror into the hosts.toml of each registry, and takes it out of those that are
   * mirrored no more.
   *
   * @throws UnusableDirectoryException where nothing could be done, and nothing was written
   */
  public synchronized Report configure() throws UnusableDirectoryException {
    HostsSettings now = settings.orElseThrow(() -> new IllegalStateException("no settings"));
    checkHostsDir();
    try {
      keepSettings(now);
    } catch (IOException e) {
      throw new UnusableDirectoryException(
          originals.directory() + ": cannot be written: " + e + "; name another with --state-dir");
    }
    List<Entry> entries = new ArrayList<>();
    SequencedSet<String> targets = new LinkedHashSet<>();
    attempt(
        hostsDir,
        entries,
        () -> {
          targets.addAll(targets(now));
          for (Original original : originals.all()) {
            if (!targets.contains(original.folder())) {
              attempt(
                  folders.file(original.folder()), entries, () -> entries.add(restore(original)));
            }
          }
        });
    for (String folder : targets) {
      attempt(folders.file(folder), entries, () -> entries.add(configure(now, folder)));
    }
    return reported(entries);
  }

  /**
   * Mirrors one more registry, seen while running. Where the registries are named nothing is done;
   * nor above {@link HostsSettings#MAX_REGISTRIES}.
   *
   * @throws IllegalArgumentException where it is no registry
   */
  public synchronized Report add(String registry) throws UnusableDirectoryException {
    if (!Repository.isRegistry(registry)) {
      throw new IllegalArgumentException("not a registry: " + registry);
    }
    HostsSettings now = settings.orElseThrow(() -> new IllegalStateException("no settings"));
    List<Entry> entries = new ArrayList<>();
    if (now.isDefault()) {
      checkHostsDir();
      String folder = folders.of(registry);
      attempt(
          folders.file(folder),
          entries,
          () -> {
            boolean known = originals.of(folder).isPresent();
            if (isConfigured()
                && (known || originals.all().size() < HostsSettings.MAX_REGISTRIES)) {
              entries.add(configure(now, folder));
            }
          });
    }
    return reported(entries);
  }

  /**
   * Configures again what somebody has rewritten; nothing where {@link #cleanup()} has been here.
   *
   * @throws UnusableDirectoryException where nothing could be done
   */
  synchronized Report putBack() throws UnusableDirectoryException {
    try {
      return isConfigured() ? configure() : new Report(List.of());
    } catch (IOException e) {
      throw new UnusableDirectoryException(originals.directory() + ": cannot be read: " + e);
    }
  }

  /** From now on containerd is to show this credential; {@link #configure()} writes it. */
  public synchronized void use(Optional<Credential> credential) {
    settings =
        settings.map(
            now -> new HostsSettings(now.mirrors(), now.registries(), now.tags(), credential));
  }

  /**
   * Undoes what {@link #configure()} did: each file is as it was before the mirror, and what was
   * not there is gone. A file that somebody else has changed since is left as it is.
   *
   * @throws UnusableDirectoryException where nothing could be done, and nothing was written
   */
  public synchronized Report cleanup() throws UnusableDirectoryException {
    List<Original> all;
    Optional<Originals.Configured> configured;
    try {
      all = originals.all();
      configured = originals.configured();
    } catch (IOException e) {
      throw new UnusableDirectoryException(originals.directory() + ": cannot be read: " + e);
    }
    if (configured.isEmpty() && all.isEmpty()) {
      return new Report(List.of());
    }
    try {
      if (configured.isPresent()) {
        originals.keep(configured.get().ended());
      }
    } catch (IOException e) {
      throw new UnusableDirectoryException(originals.directory() + ": cannot be written: " + e);
    }
    List<Entry> entries = new ArrayList<>();
    boolean removeHostsDir = configured.isPresent() && !configured.get().hostsDirExisted();
    for (Original original : all) {
      attempt(folders.file(original.folder()), entries, () -> entries.add(restore(original)));
    }
    Report report = reported(entries);
    if (!report.isFailed()) {
      attempt(
          hostsDir,
          entries,
          () -> {
            if (removeHostsDir) {
              disk.removeIfEmpty(hostsDir);
            }
            originals.forgetSettings();
          });
    }
    return new Report(entries);
  }

  /**
   * Where a registry's API is: what its original hosts.toml names, else the registry itself.
   *
   * @return with its path: {@code https://registry-1.docker.io/v2}
   * @throws IOException where the directory or the originals cannot be read
   */
  public synchronized URI upstream(String registry) throws IOException {
    String folder = folders.of(registry);
    Optional<Original> kept = originals.of(folder);
    try {
      String endpoint =
          kept.isPresent()
              ? kept.get().upstream()
              : Upstream.of(registry, base(registry, original(folder)).root()).endpoint();
      return new URI(endpoint);
    } catch (MalformedTomlException | URISyntaxException e) {
      throw new IOException(folders.file(folder) + ": " + e.getMessage(), e);
    }
  }

  private boolean isConfigured() throws IOException {
    return originals.configured().filter(Originals.Configured::active).isPresent();
  }

  private void checkHostsDir() throws UnusableDirectoryException {
    if (Files.isDirectory(hostsDir)) {
      if (!Files.isReadable(hostsDir)
          || !Files.isWritable(hostsDir)
          || !Files.isExecutable(hostsDir)) {
        throw new UnusableDirectoryException(
            hostsDir + ": cannot be read and written; run as the directory's owner");
      }
      return;
    }
    if (Disk.isThere(hostsDir)) {
      throw new UnusableDirectoryException(
          hostsDir + ": not a directory; name containerd's config_path with --hosts-dir");
    }
    if (!Files.isDirectory(hostsDir.getParent()) || !Files.isWritable(hostsDir.getParent())) {
      throw new UnusableDirectoryException(
          hostsDir
              + ": not there, nor can it be made in "
              + hostsDir.getParent()
              + "; name containerd's config_path with --hosts-dir");
    }
  }

  private void keepSettings(HostsSettings now) throws IOException {
    originals.make();
    boolean existed =
        Disk.isThere(hostsDir)
            && originals.configured().map(Originals.Configured::hostsDirExisted).orElse(true);
    originals.keep(
        new Originals.Configured(now.mirrors(), now.registries(), now.tags(), existed, true));
    if (!Files.isDirectory(hostsDir)) {
      disk.makeDirectory(hostsDir, "rwxr-xr-x");
    }
  }

  /** The folders to be configured; {@code _default} first, as the others may start from it. */
  private SequencedSet<String> targets(HostsSettings now) throws IOException {
    SequencedSet<String> targets = new LinkedHashSet<>();
    if (!now.isDefault()) {
      now.registries().forEach(registry -> targets.add(folders.of(registry)));
      return targets;
    }
    targets.add(Merge.DEFAULT);
    // A folder of its own hides _default from containerd.
    folders.registries().forEach(registry -> targets.add(folders.of(registry)));
    for (Original original : originals.all()) {
      Folders.registry(original.folder()).ifPresent(registry -> targets.add(folders.of(registry)));
    }
    return targets;
  }

  /** A step on one file; where it fails the report says so, and the next file is done. */
  private interface Step {
    void run() throws IOException, MalformedTomlException;
  }

  private static void attempt(Path file, List<Entry> entries, Step step) {
    try {
      step.run();
    } catch (MalformedTomlException e) {
      entries.add(
          new Entry(
              file,
              Outcome.FAILED,
              "line " + e.line() + ": " + e.getMessage() + "; left alone, mend it by hand"));
    } catch (IOException e) {
      entries.add(new Entry(file, Outcome.FAILED, said(e)));
    }
  }

  private static String said(IOException e) {
    // The JDK's own exceptions say what happened by their class, ours by their message.
    return e instanceof FileSystemException ? e.toString() : e.getMessage();
  }

  private static Report reported(List<Entry> entries) {
    for (Entry entry : entries) {
      switch (entry.outcome()) {
        case FAILED, KEPT ->
            log.warn(
                "hosts file not done",
                "file",
                entry.file(),
                "outcome",
                entry.outcome(),
                "cause",
                entry.detail());
        case UNCHANGED -> log.debug("hosts file as it should be", "file", entry.file());
        default -> log.info("hosts file done", "file", entry.file(), "outcome", entry.outcome());
      }
    }
    return new Report(entries);
  }

  /**
   * What {@link #configure()} would find, without writing: {@link Outcome#UNCHANGED} for a file
   * that is as it should be, {@link Outcome#FAILED} for every other.
   *
   * @throws UnusableDirectoryException where the directory is none
   */
  public synchronized Report check() throws UnusableDirectoryException {
    HostsSettings now = settings.orElseThrow(() -> new IllegalStateException("no settings"));
    if (!Files.isDirectory(hostsDir)) {
      throw new UnusableDirectoryException(hostsDir + ": not a directory");
    }
    List<Entry> entries = new ArrayList<>();
    SequencedSet<String> targets = new LinkedHashSet<>();
    attempt(hostsDir, entries, () -> targets.addAll(targets(now)));
    for (String folder : targets) {
      Path file = folders.file(folder);
      attempt(file, entries, () -> entries.add(check(now, folder, file)));
    }
    return new Report(entries);
  }

  /** How the directory stands, without writing. */
  public synchronized Standing standing() {
    try {
      return isConfigured() ? stood(check()) : Standing.NONE;
    } catch (IOException e) {
      return standing(Map.of(Merge.DEFAULT, originals.directory() + ": cannot be read: " + e));
    } catch (UnusableDirectoryException e) {
      return standing(Map.of(Merge.DEFAULT, e.getMessage()));
    }
  }

  /** How the directory stood before {@link #putBack} or {@link #check} made that report. */
  synchronized Standing stood(Report report) {
    Map<String, String> broken = new HashMap<>();
    for (Entry entry : report.entries()) {
      if (entry.outcome() != Outcome.UNCHANGED) {
        String folder = entry.file().getParent().getFileName().toString();
        boolean isOne = !entry.file().equals(hostsDir);
        broken.put(
            Folders.registry(folder).filter(_ -> isOne).orElse(Merge.DEFAULT), entry.detail());
      }
    }
    return standing(broken);
  }

  private Standing standing(Map<String, String> broken) {
    HostsSettings now = settings.orElseThrow(() -> new IllegalStateException("no settings"));
    return new Standing(true, Set.copyOf(now.registries()), broken);
  }

  private Entry check(HostsSettings now, String folder, Path file)
      throws IOException, MalformedTomlException {
    String registry = Folders.registry(folder).orElseThrow();
    byte[] merged = merged(now, registry, base(registry, original(folder)));
    Optional<byte[]> there = Disk.read(file);
    if (there.isEmpty()) {
      return new Entry(file, Outcome.FAILED, "not there");
    }
    return Arrays.equals(there.get(), merged)
        ? new Entry(file, Outcome.UNCHANGED, "")
        : new Entry(file, Outcome.FAILED, "not as the mirror writes it");
  }

  private static byte[] merged(HostsSettings now, String registry, HostsFile base) {
    return new Merge(now).into(registry, base).render().getBytes(StandardCharsets.UTF_8);
  }

  private Entry configure(HostsSettings now, String folder)
      throws IOException, MalformedTomlException {
    String registry = Folders.registry(folder).orElseThrow();
    Path file = folders.file(folder);
    Optional<Original> kept = originals.of(folder);
    Original original = original(folder);
    HostsFile base = base(registry, original);
    byte[] merged = merged(now, registry, base);
    String mode =
        now.credential().isPresent()
            ? SECRET_MODE
            : original.mode().isEmpty() ? MODE : original.mode();

    List<String> written = new ArrayList<>(List.of(Originals.sha256(merged)));
    written.addAll(original.written());
    String upstream =
        registry.equals(Merge.DEFAULT) ? "" : Upstream.of(registry, base.root()).endpoint();
    Original next =
        new Original(
            folder, original.folderExisted(), original.bytes(), original.mode(), written, upstream);
    if (kept.isEmpty() || !isSame(kept.get(), next)) {
      originals.keep(next);
    }
    boolean asItShouldBe =
        Disk.read(file).map(there -> Arrays.equals(there, merged)).orElse(false)
            && Disk.mode(file).equals(mode);
    if (asItShouldBe) {
      return new Entry(file, Outcome.UNCHANGED, "");
    }
    disk.write(file, merged, mode);
    return new Entry(file, Outcome.WRITTEN, "");
  }

  private static boolean isSame(Original kept, Original next) {
    return kept.folderExisted() == next.folderExisted()
        && kept.mode().equals(next.mode())
        && kept.written().equals(next.written())
        && kept.upstream().equals(next.upstream())
        && kept.bytes().map(Originals::sha256).equals(next.bytes().map(Originals::sha256));
  }

  private static void checkNotLink(Path file) throws IOException {
    for (Path path : List.of(file.getParent(), file)) {
      if (Files.isSymbolicLink(path)) {
        throw new IOException(
            path + ": a symbolic link, which is not followed; put a file of its own there");
      }
    }
  }

  /** What the folder has without the mirror: as it is now, or as it was kept. */
  private Original original(String folder) throws IOException, MalformedTomlException {
    Path file = folders.file(folder);
    checkNotLink(file);
    Optional<Original> kept = originals.of(folder);
    Optional<byte[]> there = Disk.read(file);
    List<String> written = kept.map(Original::written).orElse(List.of());
    if (kept.isPresent() && there.map(Originals::sha256).filter(written::contains).isPresent()) {
      return kept.get();
    }
    boolean folderExisted =
        Disk.isThere(file.getParent()) && kept.map(Original::folderExisted).orElse(true);
    String mode = there.isPresent() ? Disk.mode(file) : "";
    Optional<byte[]> bytes = there.isPresent() ? withoutMirror(there.get()) : there;
    return new Original(folder, folderExisted, bytes, bytes.isEmpty() ? "" : mode, written, "");
  }

  /** Somebody may have edited a file that the mirror was in. */
  private Optional<byte[]> withoutMirror(byte[] there) throws MalformedTomlException {
    if (settings.isEmpty() || there.length == 0) {
      return Optional.of(there);
    }
    Merge merge = new Merge(settings.get());
    HostsFile file = HostsFile.parse(there);
    if (!merge.isMerged(file)) {
      return Optional.of(there);
    }
    return merge.without(file).map(rest -> rest.render().getBytes(StandardCharsets.UTF_8));
  }

  /** What the mirror is merged into: containerd's view of the registry without the mirror. */
  private HostsFile base(String registry, Original original)
      throws IOException, MalformedTomlException {
    if (original.folderExisted()
        || registry.equals(Merge.DEFAULT)
        || original.bytes().isPresent()) {
      return own(original);
    }
    HostsFile ofDefault = own(original(Merge.DEFAULT));
    return Certificates.seenFromBeside(ofDefault, Merge.DEFAULT);
  }

  private HostsFile own(Original original) throws IOException, MalformedTomlException {
    byte[] bytes = original.bytes().orElse(new byte[0]);
    if (bytes.length > 0) {
      return HostsFile.parse(bytes);
    }
    Path folder = folders.file(original.folder()).getParent();
    return new HostsFile(List.of(), Certificates.of(folder), Map.of());
  }

  private Entry restore(Original original) throws IOException {
    Path file = folders.file(original.folder());
    checkNotLink(file);
    disk.tidy(file);
    Optional<byte[]> there = Disk.read(file);
    boolean ours = there.map(Originals::sha256).filter(original.written()::contains).isPresent();
    Entry entry;
    if (ours && original.bytes().isPresent()) {
      disk.write(file, original.bytes().get(), original.mode());
      entry = new Entry(file, Outcome.RESTORED, "");
    } else if (ours) {
      if (original.folderExisted()) {
        disk.remove(file);
      } else {
        disk.removeWithDirectory(file);
      }
      entry = new Entry(file, Outcome.REMOVED, "");
    } else if (Arrays.equals(there.orElse(null), original.bytes().orElse(null))) {
      entry = new Entry(file, Outcome.UNCHANGED, "");
    } else {
      entry = new Entry(file, Outcome.KEPT, "changed by somebody else" + whereKept(original));
    }
    if (!original.folderExisted()) {
      disk.removeIfEmpty(file.getParent());
    }
    originals.forget(original.folder(), entry.outcome() != Outcome.KEPT);
    return entry;
  }

  private String whereKept(Original original) {
    return original
        .bytes()
        .map(bytes -> "; what was there before the mirror is in " + originals.bytesFile(original))
        .orElse("");
  }
}
