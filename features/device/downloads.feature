@unionpay
Feature: Downloads
  A host has hundreds of thousands of tills and no technician for any of them: what they need is announced in the header of an
  answer, and they fetch it by themselves. A till that does not, or that works with half of it, refuses good cards or takes bad ones.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @DLD-001 @DLD-003 @host-control
  Scenario: The till fetches new CA keys before the next sale, tells the host, and is not asked again
    Given the host has new CA keys
    When Bob swipes 10.00 CNY at "T1"
    And Bob swipes 20.00 CNY at "T1"
    And Bob swipes 30.00 CNY at "T1"
    Then "T1" shows DOWNLOADED
    And these messages went over the wire
      | from | message              | trace | F39 | header       | F60.3 |
      | T1   | sale                 | 2     |     | 603100310000 | 000   |
      | host | sale answer          | 2     | 00  | 603104310000 | 000   |
      | T1   | capk-query           | 3     |     | 603100310000 | 372   |
      | host | capk-query answer    | 3     | 00  | 603104310000 | 372   |
      | T1   | capk-download        | 4     |     | 603100310000 | 370   |
      | host | capk-download answer | 4     | 00  | 603104310000 | 370   |
      | T1   | capk-download        | 5     |     | 603100310000 | 370   |
      | host | capk-download answer | 5     | 00  | 603104310000 | 370   |
      | T1   | capk-download        | 6     |     | 603100310000 | 370   |
      | host | capk-download answer | 6     | 00  | 603104310000 | 370   |
      | T1   | capk-end             | 7     |     | 603100310000 | 371   |
      | host | capk-end answer      | 7     | 00  | 603100310000 | 371   |
      | T1   | sale                 | 8     |     | 603100310000 | 000   |
      | host | sale answer          | 8     | 00  | 603100310000 | 000   |
      | T1   | sale                 | 9     |     | 603100310000 | 000   |
      | host | sale answer          | 9     | 00  | 603100310000 | 000   |
    And Bob's card holds 4940.00 CNY

  @DLD-002 @host-control
  Scenario: What the answer to a sign-in announces is there before the first sale
    Given the host has new CA keys
    When the cashier signs in at "T1"
    And Bob swipes 10.00 CNY at "T1"
    Then "T1" shows SIGNED_IN
    And "T1" shows APPROVED
    And these messages went over the wire
      | from | message              | trace | F39 | header       |
      | T1   | sign-in              | 2     |     | 603100310000 |
      | host | sign-in answer       | 2     | 00  | 603104310000 |
      | T1   | capk-query           | 3     |     | 603100310000 |
      | host | capk-query answer    | 3     | 00  | 603104310000 |
      | T1   | capk-download        | 4     |     | 603100310000 |
      | host | capk-download answer | 4     | 00  | 603104310000 |
      | T1   | capk-download        | 5     |     | 603100310000 |
      | host | capk-download answer | 5     | 00  | 603104310000 |
      | T1   | capk-download        | 6     |     | 603100310000 |
      | host | capk-download answer | 6     | 00  | 603104310000 |
      | T1   | capk-end             | 7     |     | 603100310000 |
      | host | capk-end answer      | 7     | 00  | 603100310000 |
      | T1   | sale                 | 8     |     | 603100310000 |
      | host | sale answer          | 8     | 00  | 603100310000 |

  @DLD-004 @host-control
  Scenario: A list that does not fit one message is fetched to its end
    Given the host has new chip applications
    When Bob swipes 10.00 CNY at "T1"
    And Bob swipes 20.00 CNY at "T1"
    Then the 1st aid-query carries
      | field | value |
      | F62   | *     |
    And the answer to the 2nd aid-query carries
      | field | value |
      | F39   | 00    |
    And "T1" holds 12 chip applications
    And the floor limit of "T1" for UnionPay debit is 100.00 CNY

  @DLD-005 @host-control
  Scenario: Half a download does not count, and costs no sale
    Given the host has new chip applications
    And the line breaks before the answer to the 4th aid-download
    When Bob swipes 10.00 CNY at "T1"
    And Bob swipes 20.00 CNY at "T1"
    Then "T1" shows DOWNLOAD_INTERRUPTED
    And "T1" shows APPROVED
    And "T1" holds 10 chip applications
    And the floor limit of "T1" for UnionPay debit is 0.00 CNY
    And Bob's card holds 4970.00 CNY

  @DLD-006 @host-control
  Scenario: An interrupted download goes on where it stood, also after a power cut
    Given the host has new CA keys
    And "T1" loses its power right after receiving the answer to the 2nd capk-download
    When Bob swipes 10.00 CNY at "T1"
    And Bob swipes 20.00 CNY at "T1"
    And "T1" starts again
    And Bob swipes 30.00 CNY at "T1"
    Then "T1" shows APPROVED
    And these messages went over the wire
      | from | message              | trace | F39 |
      | T1   | sale                 | 2     |     |
      | host | sale answer          | 2     | 00  |
      | T1   | capk-query           | 3     |     |
      | host | capk-query answer    | 3     | 00  |
      | T1   | capk-download        | 4     |     |
      | host | capk-download answer | 4     | 00  |
      | T1   | capk-download        | 5     |     |
      | host | capk-download answer | 5     | 00  |
      | T1   | capk-download        | 6     |     |
      | host | capk-download answer | 6     | 00  |
      | T1   | capk-download        | 7     |     |
      | host | capk-download answer | 7     | 00  |
      | T1   | capk-end             | 8     |     |
      | host | capk-end answer      | 8     | 00  |
      | T1   | sale                 | 9     |     |
      | host | sale answer          | 9     | 00  |
    And "T1" holds 2 CA keys

  @DLD-007 @host-control
  Scenario: A CA key whose check value does not fit is not taken, and the old ones stay
    Given the host has new CA keys
    And the line spoils the CA key in the answer to the 2nd capk-download
    When Bob swipes 10.00 CNY at "T1"
    And Bob swipes 20.00 CNY at "T1"
    Then "T1" shows DOWNLOAD_REFUSED
    And "T1" shows APPROVED
    And "T1" holds 1 CA key

  @DLD-008 @host-control
  Scenario: A CA key whose last day is over is not taken
    Given the host has new CA keys
    When Bob swipes 10.00 CNY at "T1"
    And Bob swipes 20.00 CNY at "T1"
    Then "T1" shows DOWNLOADED
    And "T1" holds 2 CA keys

  @DLD-009 @DLD-010 @host-control
  Scenario: What the host sets for a till takes effect at once
    Given the host has new parameters for "T1"
      | parameter     | value         |
      | manual entry  | 0             |
      | merchant name | Noodle Palace |
    When Bob swipes 10.00 CNY at "T1"
    And Bob swipes 20.00 CNY at "T1"
    And the cashier keys in Bob's card for 30.00 CNY at "T1"
    Then "T1" shows DOWNLOADED
    And "T1" shows NO_MANUAL_ENTRY
    And the customer copy of "T1" has
      | line          | value         |
      | SLIP_MERCHANT | Noodle Palace |
    And Bob's card holds 4970.00 CNY

  @DLD-010 @host-control @clock
  Scenario: The host sets how long a till waits for an answer
    Given the host has new parameters for "T1"
      | parameter | value |
      | timeout   | 45    |
    And the line loses the answer to the 2nd sale
    When Bob swipes 10.00 CNY at "T1"
    And Bob swipes 20.00 CNY at "T1"
    Then "T1" shows NO_ANSWER
    And these messages went over the wire
      | from | message                   | trace | F39 | note      |
      | T1   | sale                      | 2     |     |           |
      | host | sale answer               | 2     | 00  |           |
      | T1   | parameter-download        | 3     |     |           |
      | host | parameter-download answer | 3     | 00  |           |
      | T1   | parameter-end             | 4     |     |           |
      | host | parameter-end answer      | 4     | 00  |           |
      | T1   | sale                      | 5     |     |           |
      | host | sale answer               | 5     | 00  | lost      |
      | T1   | reversal                  | 5     | 98  | after 45s |
      | host | reversal answer           | 5     | 00  |           |

  @DLD-011 @host-control
  Scenario: What one till has fetched the other till of the shop has not
    Given till "T2" of "Noodle House" has signed in
    And the host has new CA keys
    When Bob swipes 10.00 CNY at "T1"
    And Bob swipes 10.00 CNY at "T1"
    And Bob swipes 10.00 CNY at "T2"
    And Bob swipes 10.00 CNY at "T2"
    Then "T1" holds 2 CA keys
    And "T2" holds 2 CA keys
    And Bob's card holds 4960.00 CNY

  @DLD-012
  Scenario Outline: A request in the header that is not for this till is left alone
    Given the line changes header of the answer to the 1st sale to "60310<request>310000"
    When Bob swipes 10.00 CNY at "T1"
    And Bob swipes 20.00 CNY at "T1"
    Then "T1" shows APPROVED
    And these messages went over the wire
      | from | message     | trace | F39 |
      | T1   | sale        | 2     |     |
      | host | sale answer | 2     | 00  |
      | T1   | sale        | 3     |     |
      | host | sale answer | 3     | 00  |

    Examples:
      | request |
      | 6       |
      | 7       |
      | 8       |

  @DLD-013 @host-control
  Scenario: A card is authenticated by a CA key that the host has given
    Given "T1" has no CA keys but its host's
    And the cashier signs in at "T1"
    When Carol inserts her card for 10.00 CNY at "T1"
    Then the terminal verification results of the 1st sale say "online PIN entered; amount over the floor limit"
    And Carol's card holds 990.00 CNY

  @DLD-013 @host-control
  Scenario: A CA key that the host has withdrawn proves nothing
    Given "T1" has no CA keys but its host's
    And the host has new CA keys
    And the cashier signs in at "T1"
    When Carol inserts her card for 10.00 CNY at "T1"
    Then the terminal verification results of the 1st sale say "CDA failed; online PIN entered; amount over the floor limit"
    And Carol's card holds 990.00 CNY
