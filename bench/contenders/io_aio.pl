#!/usr/bin/perl
# The workloads in Perl, with IO::AIO as it comes. Prints seconds, operations completed, checksum, bytes per
# request, and the latencies' median, 99.9th percentile and longest in nanoseconds.
use strict;
use warnings;
use integer;    # 64 bits, wrapping
use Fcntl;
use IO::AIO;
use POSIX ();
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

my ($workload, $in_flight, $operations, $directory, $size) = @ARGV;

my @small = map { "$directory/small-" . (10_000 + $_) } 0 .. 1023;
my ($given, $running, $completed, $checksum, $resident) = (0, 0, 0, 0, 0);
my ($stop, @latency, $file, $block);

sub small { $small[$_[0] * 387 % 1024] }

# As files::offset.
sub offset {
    my ($i) = @_;
    my $mask = $size / $block - 1;
    my $at = $i & $mask;
    $at = ($at * 0x9e3779b1 + 0x7f4a7c15) & $mask;
    $at ^= $at >> 7;
    $at = ($at * 0x85ebca6b) & $mask;
    $at ^= $at >> 5;
    return $at * $block;
}

sub failed { print STDERR "$workload: $!\n"; exit 1 }

sub resident {
    open my $in, '<', '/proc/self/statm' or failed();
    return (split ' ', <$in>)[1] * 4096;
}

# One operation, then $_[0]->(): what begins the next.
my %begin = (
    nop => sub {
        my ($lane, $i, $next) = @_;
        aio_nop sub { ++$checksum; $next->() };
    },
    wait => sub {
        my ($lane, $i, $next) = @_;
        no integer;
        IO::AIO::aio_busy(0.0002, sub { ++$checksum; $next->() });
    },
    stat => sub {
        my ($lane, $i, $next) = @_;
        aio_stat small($i), sub { failed() if $_[0]; $checksum += -s _; $next->() };
    },
    read => sub {
        my ($lane, $i, $next) = @_;
        aio_read $file, offset($i), $block, $lane->{buffer}, $lane->{at}, sub {
            failed() if $_[0] != $block;
            $checksum += unpack 'q', substr $lane->{buffer}, $lane->{at}, 8;
            $next->();
        };
    },
    open_read_close => sub {
        my ($lane, $i, $next) = @_;
        aio_open small($i), O_RDONLY, 0, sub {
            my $opened = shift or failed();
            aio_read $opened, 0, 4096, $lane->{buffer}, 0, sub {
                failed() if $_[0] < 0;
                $checksum += $_[0];
                aio_close $opened, sub { $next->() };
            };
        };
    },
    save => sub {
        my ($lane, $i, $next) = @_;
        my ($from, $to) = ("$directory/unfinished-$lane->{index}", "$directory/saved-$lane->{index}");
        aio_open $from, O_WRONLY | O_CREAT | O_TRUNC, 0666, sub {
            my $opened = shift or failed();
            aio_write $opened, 0, 4096, $lane->{bytes}, 0, sub {
                $checksum += $_[0];
                aio_fsync $opened, sub {
                    failed() if $_[0];
                    aio_close $opened, sub {
                        aio_rename $from, $to, sub { failed() if $_[0]; $next->() };
                    };
                };
            };
        };
    },
);

my %work = (
    nop => 'nop', wait_200us => 'wait', stat => 'stat', queue_growth => 'stat', memory => 'stat', stuck => 'stat', group_feeder => 'stat',
    read_4k => 'read', read_64k => 'read', read_cold => 'read', read_4k_direct => 'read',
    open_read_close => 'open_read_close', create_write_fsync_rename => 'save',
);
my $one = $begin{$work{$workload} // die "no workload $workload\n"};

# What follows the end of a lane's operation.
sub begin_next {
    my ($lane) = @_;
    return sub {
        no integer;
        --$running;
        ++$completed;
        push @latency, (clock_gettime(CLOCK_MONOTONIC) - $lane->{began}) * 1e9 if $lane->{began};
        begin_lane($lane);
    };
}

sub begin_lane {
    my ($lane) = @_;
    return if $given == $operations || $stop;
    $lane->{began} = clock_gettime(CLOCK_MONOTONIC) if $workload eq 'stuck';
    ++$running;
    $one->($lane, $given++, $lane->{next} //= begin_next($lane));
}

vec(my $results = '', IO::AIO::poll_fileno, 1) = 1;

sub run_lanes {
    my @lanes = map { { index => $_, buffer => '', at => 0, bytes => 'b' x 4096 } } 1 .. $in_flight;
    if ($workload eq 'read_4k_direct') {    # which demands buffers at pages: where in the string the next one begins
        for (@lanes) {
            $_->{buffer} = 'b' x 12288;
            substr $_->{buffer}, 0, 1, 'c';    # a copy of its own
            $_->{at} = -unpack('J', pack 'p', $_->{buffer}) & 4095;
        }
    }
    begin_lane($_) for @lanes;
    $resident = resident() if $workload eq 'memory';
    while ($running && !$stop) {
        # poll waits in C, where no alarm reaches it.
        if ($workload eq 'stuck') { select my $ready = $results, undef, undef, 0.1; IO::AIO::poll_cb }
        else                      { IO::AIO::poll }
    }
    delete $_->{next} for @lanes;
}

sub run_group {
    my $group = aio_group sub { };
    limit $group $in_flight;
    feed $group sub {
        return if $given == $operations;
        my $i = $given++;
        add $group aio_stat small($i), sub { failed() if $_[0]; $checksum += -s _; ++$completed };
    };
    IO::AIO::flush;
}

if ($work{$workload} eq 'read') {
    $block = $workload eq 'read_64k' ? 65536 : 4096;
    my $flags = O_RDONLY | ($workload eq 'read_4k_direct' ? IO::AIO::O_DIRECT : 0);
    sysopen $file, "$directory/big", $flags or failed();
    IO::AIO::fadvise $file, 0, 0, IO::AIO::FADV_DONTNEED if $workload eq 'read_cold';
    IO::AIO::fadvise $file, 0, 0, IO::AIO::FADV_RANDOM;
}
if ($workload eq 'stuck') {
    aio_open "$directory/fifo", O_RDONLY, 0, sub { } for 1 .. 32;
    $SIG{ALRM} = sub { $stop = 1 };
    alarm 1;
}

my $before = resident();
{
    no integer;
    my $began = clock_gettime(CLOCK_MONOTONIC);
    $workload eq 'group_feeder' ? run_group() : run_lanes();
    my $seconds = clock_gettime(CLOCK_MONOTONIC) - $began;
    @latency = sort { $a <=> $b } @latency ? @latency : 0;
    printf "%.9f %d %u %.1f %d %d %d\n", $seconds, $completed, $checksum, ($resident - $before) / $in_flight,
        $latency[@latency / 2], $latency[@latency * 0.999], $latency[-1];
}
$| = 1;              # flushes
POSIX::_exit(0);     # threads may be stuck
