# Fills a queue of a test's Request Tracker: rt-seed.pl QUEUE COUNT
# All in one transaction and without scrips, which would write a mail for each; so it is quick.

use strict;
use warnings;
use utf8;
use RT -init;

my ( $queue, $count ) = @ARGV;
my $root  = RT::CurrentUser->new;
my $alice = RT::CurrentUser->new;
$root->Load('root');
$alice->Load('alice');

my $scrips = RT::Scrips->new( RT->SystemUser );
$scrips->UnLimit;
my @scrips = @{ $scrips->ItemsArrayRef };
$_->SetDisabled(1) for @scrips;

my %field;
for my $name (qw(Tier Tags)) {
    my $found = RT::CustomField->new( RT->SystemUser );
    $found->LoadByName( Name => $name, LookupType => 'RT::Queue-RT::Ticket' );
    $field{$name} = 'CustomField-' . $found->Id;
}

my @priorities = ( 0, 10, 50, 99, 100, 150, 200 );
my @statuses   = qw(open stalled resolved rejected);
my @owners     = qw(Nobody alice bob);
my @tags       = ( [], ['vip'], [ 'vip', 'späť' ] );
my @tiers      = ( '', 'Gold', 'Silver' );
my @subjects   = ( 'The printer is on fire', 'Žaluzie & "Co" <b>', '0', 'Ligne ', '漏水' );
my ( $previous, $merged ) = ( undef, 0 );

$RT::Handle->BeginTransaction;
for my $number ( 1 .. $count ) {
    my $ticket = RT::Ticket->new($root);
    my ( $id, undef, $message ) = $ticket->Create(
        Queue        => $queue,
        Subject      => $subjects[ $number % 5 ] . ( $number % 5 == 2 ? '' : " $number" ),
        Requestor    => [ 'customer' . ( $number % 97 ) . '@customer.example' ],
        Owner        => $owners[ $number % 3 ],
        Priority     => $priorities[ $number % 7 ],
        Status       => $number % 5 ? 'new' : 'open',
        $field{Tags} => $tags[ $number % 3 ],
        $field{Tier} => $tiers[ $number % 7 < 4 ? 1 : 0 ],
        ( $number % 11 ? () : ( Due => '2031-05-06 07:08:09' ) ),
    );
    die $message unless $id;
    my $theirs = RT::Ticket->new($alice);
    $theirs->Load($id);
    $theirs->SetPriority(120) if $number % 13 == 0;
    $theirs->SetStatus( $statuses[ $number % 4 ] ) if $number % 3 == 0;
    $theirs->SetSubject("New $number") if $number % 19 == 0;
    $theirs->Correspond( Content => "We look at $number" ) if $number % 4 == 0;
    if ( $number % 8 == 0 ) {
        my $writer   = RT::CurrentUser->new;
        my $customer = $theirs->Requestors->UserMembersObj->First;
        $writer->Load( $customer->Id );
        my $again = RT::Ticket->new($writer);
        $again->Load($id);
        my ( $ok, $why ) = $again->Correspond( Content => "Still broken: $number" );
        die $why unless $ok;
    }
    if ( $number % 101 == 0 && $previous ) {
        my ( $ok, $why ) = $ticket->MergeInto($previous);
        die $why unless $ok;
    }
    else { $previous = $id }
}
$RT::Handle->Commit;
$_->SetDisabled(0) for @scrips;
