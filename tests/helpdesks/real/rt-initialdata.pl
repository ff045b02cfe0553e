# What a test's Request Tracker begins with: people, custom fields for all queues, and their rights.
# The account of the daemon has a group of its own, with the least rights that it needs.

@Users = map {
    { Name => $_, EmailAddress => "$_\@desk.example", Password => 'a-long-password', Privileged => 1 }
} qw(alice bob lead escalatord);

@Groups = (
    { Name => 'Agents', Domain => 'UserDefined', Members => { Users => [qw(alice bob lead)] } },
    { Name => 'Escalation', Domain => 'UserDefined', Members => { Users => ['escalatord'] } },
);

@CustomFields = (
    {   Name => 'Tier', Type => 'FreeformSingle', LookupType => 'RT::Queue-RT::Ticket', Queue => 0 },
    {   Name => 'Tags', Type => 'FreeformMultiple', LookupType => 'RT::Queue-RT::Ticket', Queue => 0 },
);

my @least = qw(
    SeeQueue ShowTicket ShowTicketComments SeeCustomField
    ModifyTicket ReassignTicket ModifyCustomField CommentOnTicket ReplyToTicket
);
@ACL = (
    ( map { { GroupDomain => 'UserDefined', GroupId => 'Escalation', Right => $_ } } @least ),
    ( map { { GroupDomain => 'UserDefined', GroupId => 'Agents', Right => $_ } }
        @least, qw(CreateTicket OwnTicket TakeTicket StealTicket) ),
    { GroupDomain => 'SystemInternal', GroupType => 'Everyone', Right => 'ReplyToTicket' },
    { GroupDomain => 'SystemInternal', GroupType => 'Everyone', Right => 'CreateTicket' },
);

1;
