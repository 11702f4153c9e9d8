Feature: Another amount for an offline sale
  The cashier typed a wrong amount, or one of the dishes was not served. What counts in the end is the last amount, everywhere.

  Background:
    Given till "T1" of "Noodle House" has signed in
    And Bob pays 10.00 CNY offline at "T1" with code "654321"

  @ADJ-001 @host-control
  Scenario: Before the upload only the new amount ever leaves
    When Bob's offline sale is adjusted to 8.00 CNY at "T1"
    And Bob swipes 5.00 CNY at "T1"
    Then "T1" shows CHANGED_HERE
    And these messages went over the wire
      | from | message             | trace | amount       | code |
      | T1   | offline-sale        | 2     | 000000000800 |      |
      | host | offline-sale answer | 2     | 000000000800 | 00   |
      | T1   | sale                | 3     | 000000000500 |      |
      | host | sale answer         | 3     | 000000000500 | 00   |
    And Bob's card holds 4987.00 CNY
    And "Noodle House" is owed 13.00 CNY

  @ADJ-002 @host-control
  Scenario: After the upload the host gets the new amount in place of the old
    Given Bob swipes 5.00 CNY at "T1"
    When Bob's offline sale is adjusted to 8.00 CNY at "T1"
    Then "T1" shows APPROVED
    And these messages went over the wire
      | from | message           | trace | amount       | code |
      | T1   | adjustment        | 4     | 000000000800 |      |
      | host | adjustment answer | 4     | 000000000800 | 00   |
    And the 1st adjustment carries
      | field          | value  |
      | original_trace | 000002 |
    And Bob's card holds 4987.00 CNY
    And "Noodle House" is owed 13.00 CNY

  @ADJ-002 @clock @host-control
  Scenario: An adjustment without an answer is repeated and counts once
    Given Bob swipes 5.00 CNY at "T1"
    And the line loses the answer to the 1st adjustment
    When Bob's offline sale is adjusted to 8.00 CNY at "T1"
    Then "T1" shows APPROVED
    And these messages went over the wire
      | from | message           | trace | code | note |
      | T1   | adjustment        | 4     |      |      |
      | host | adjustment answer | 4     | 00   | lost |
      | T1   | adjustment        | 4     |      |      |
      | host | adjustment answer | 4     | 00   |      |
    And Bob's card holds 4987.00 CNY
    And "Noodle House" is owed 13.00 CNY
