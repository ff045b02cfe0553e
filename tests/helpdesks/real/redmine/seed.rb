# Fills a project of a test's Redmine: rails runner seed.rb PROJECT COUNT
# All in one transaction and without mails; so it is quick.

project = Project.find(ARGV[0])
count = ARGV[1].to_i
alice, bob = %w[alice bob].map { |login| User.find_by_login!(login) }
support = Tracker.find_by_name!('Support')
field = %w[Tier Tags].to_h { |name| [name, IssueCustomField.find_by_name!(name).id.to_s] }

priorities = %w[Low Normal High Urgent Immediate].map { |name| IssuePriority.find_by_name!(name) }
statuses = ['In Progress', 'Feedback', 'Resolved', 'Rejected'].map { |name| IssueStatus.find_by_name!(name) }
owners = [nil, alice, bob]
tags = ['', 'vip', 'vip, späť']
tiers = ['', 'Gold', 'Silver']
subjects = ['The printer is on fire', 'Žaluzie & "Co" <b>', '0', 'Ligne ', '漏水']

Mailer.with_deliveries(false) do
  Issue.transaction do
    customers = (0..96).map do |number|
      name = "customer#{number}"
      customer = User.create!(login: name, firstname: name, lastname: 'Test', mail: "#{name}@customer.example")
      Member.create!(project: project, principal: customer, roles: [Role.find_by_name!('Reporter')])
      customer
    end
    (1..count).each do |number|
      customer = customers[number % 97]
      issue = Issue.create!(
        project: project, tracker: support, author: customer,
        subject: subjects[number % 5] + (number % 5 == 2 ? '' : " #{number}"),
        description: "Please help #{number}", priority: priorities[number % 5],
        assigned_to: owners[number % 3],
        custom_field_values: { field['Tags'] => tags[number % 3], field['Tier'] => tiers[number % 7 < 4 ? 1 : 0] }
      )
      change = lambda do |who, notes = '', **values|
        issue.reload.init_journal(who, notes)
        issue.attributes = values
        issue.save!
      end
      change.call(bob, priority: priorities[3]) if (number % 13).zero?
      change.call(alice, status: statuses[number % 4]) if (number % 3).zero?
      change.call(alice, subject: "New #{number}") if (number % 19).zero?
      change.call(alice, "We look at #{number}") if (number % 4).zero?
      change.call(customer, "Still broken: #{number}") if (number % 8).zero?
      change.call(alice, 'Only we may know that', private_notes: true) if (number % 7).zero?
    end
  end
end
