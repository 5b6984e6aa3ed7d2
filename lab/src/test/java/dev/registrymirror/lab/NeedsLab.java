package dev.registrymirror.lab;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A test on real containerds. Where this machine cannot have them, or not the one that is asked
 * for, it is skipped and the reason printed. Logs of its nodes are in {@code target/lab-logs}
 * afterwards.
 */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@Tag("lab")
@ExtendWith(SkipWithoutLab.class)
public @interface NeedsLab {}
