@host-control
Feature: Becoming a merchant
  Who wants to take cards applies, shows papers, is looked at, and gets a till that works with a code on the owner's phone and with nothing else.

  @MER-030
  Scenario: Money goes to nobody but the applicant
    When "Corner Shop" applies to be a merchant with somebody else's account
    Then the office says ACCOUNT_NAME

  @MER-030
  Scenario: A company's account may be in its own name
    When "Book Shop" applies to be a merchant
    Then the office says OK

  @MER-031
  Scenario Outline: <shop>'s identity number that is misprinted is none
    When "<shop>" applies to be a merchant with a misprinted identity number
    Then the office says BAD_IDENTITY

    Examples:
      | shop        |
      | Corner Shop |
      | Book Shop   |

  @MER-032
  Scenario: Gambling gets no till
    When "Corner Shop" applies to be a merchant under MCC "7995"
    Then the office says TRADE

  @MER-033
  Scenario: Nothing is decided before the documents are there
    Given "Corner Shop" has applied to be a merchant
    And "Corner Shop" has brought a picture of its shop only
    When the office approves "Corner Shop"
    Then the office says WRONG_STAGE
    And the application of "Corner Shop" is at documents

  @MER-034
  Scenario: Who is asked for new documents brings them and is approved
    Given "Corner Shop" has applied to be a merchant
    And "Corner Shop" has brought all its documents
    When the office wants new documents of "Corner Shop"
    And "Corner Shop" brings all its documents
    And the office approves "Corner Shop"
    Then the application of "Corner Shop" is at approved

  @MER-034
  Scenario: Who was rejected is not approved afterwards
    Given "Corner Shop" has applied to be a merchant
    And "Corner Shop" has brought all its documents
    When the office rejects "Corner Shop"
    And the office approves "Corner Shop"
    Then the office says WRONG_STAGE
    And the application of "Corner Shop" is at rejected

  @MER-035
  Scenario: A device is one merchant's
    Given "Corner Shop" is an approved merchant
    And "Book Shop" is an approved merchant
    And the office ships "T5" to "Corner Shop"
    When the office ships "T5" to "Book Shop"
    Then the office says SERIAL_BOUND

  @MER-036
  Scenario: The code goes to the owner's phone and to no other
    Given "Corner Shop" is an approved merchant
    And "Book Shop" is an approved merchant
    And the office ships "T5" to "Corner Shop"
    When the owner of "Book Shop" asks for a code for "T5"
    Then the office says NOT_HIS_PHONE

  @MER-041
  Scenario: From the application to the first sale
    Given "T5" is fresh from the factory
    And "Corner Shop" is an approved merchant
    And the office ships "T5" to "Corner Shop"
    And the owner of "Corner Shop" asks for a code for "T5"
    When the owner of "Corner Shop" types the code into "T5"
    And the cashier signs in at "T5"
    And Bob swipes 100.00 CNY at "T5"
    Then "T5" shows APPROVED
    And "Corner Shop" is owed 100.00 CNY
    And the statement of "Corner Shop" for today has
      | what    | amount     | price               | fee      | net        |
      | deposit | -59.00 CNY |                     | 0.00 CNY | -59.00 CNY |
      | sale    | 100.00 CNY | preferential credit | 0.38 CNY | 99.62 CNY  |
    And no output holds a key of "T5"

  @DLD-014 @unionpay
  Scenario: What the acquirer has for chip cards comes before the first sale by chip
    Given "T5" is fresh from the factory
    And "T5" has no CA keys but its host's
    And "Corner Shop" is an approved merchant
    And the office ships "T5" to "Corner Shop"
    And the owner of "Corner Shop" asks for a code for "T5"
    And the owner of "Corner Shop" types the code into "T5"
    When the cashier signs in at "T5"
    And Carol inserts her card for 100.00 CNY at "T5"
    Then "T5" shows APPROVED
    And "T5" holds 1 CA key
    And "T5" holds 10 chip applications
    And the terminal verification results of the 1st sale say "online PIN entered; amount over the floor limit"
    And the 1st parameter-end carries
      | field | value  |
      | trace | 000003 |
    And the 1st capk-end carries
      | field | value  |
      | trace | 000006 |
    And the 1st aid-end carries
      | field | value  |
      | trace | 000018 |
    And the 1st sale carries
      | field | value  |
      | trace | 000021 |

  @MER-041
  Scenario: A till that is not activated is not known
    Given "T5" is fresh from the factory
    And "Corner Shop" is an approved merchant
    And the office ships "T5" to "Corner Shop"
    When the cashier signs in at "T5"
    Then the answer to the 1st sign-in carries
      | field | value |
      | code  | 97    |
    And "T5" shows TERMINAL_NOT_REGISTERED
    And "T5" is signed off

  @MER-037 @clock
  Scenario: A code is good for ten minutes
    Given "Corner Shop" is an approved merchant
    And the office ships "T5" to "Corner Shop"
    And the owner of "Corner Shop" asks for a code for "T5"
    And 11 minutes pass
    When the owner of "Corner Shop" types the code into "T5"
    Then the office says CODE_EXPIRED

  @MER-038
  Scenario: ... and once
    Given "Corner Shop" sells with "T5"
    When the owner of "Corner Shop" types the code into "T5"
    Then the office says CODE_USED

  @MER-039
  Scenario: Who types it wrongly three times needs another
    Given "Corner Shop" is an approved merchant
    And the office ships "T5" to "Corner Shop"
    And the owner of "Corner Shop" asks for a code for "T5"
    When the owner of "Corner Shop" types a wrong code into "T5" 3 times
    And the owner of "Corner Shop" types the code into "T5"
    Then the office says CODE_LOCKED

  @MER-039
  Scenario: ... which works
    Given "Corner Shop" is an approved merchant
    And the office ships "T5" to "Corner Shop"
    And the owner of "Corner Shop" asks for a code for "T5"
    When the owner of "Corner Shop" types a wrong code into "T5" 3 times
    And the owner of "Corner Shop" asks for a code for "T5"
    And the owner of "Corner Shop" types the code into "T5"
    Then the office says OK

  @MER-040
  Scenario: A code is for one device
    Given "Corner Shop" is an approved merchant
    And "Book Shop" is an approved merchant
    And the office ships "T5" to "Corner Shop"
    And the office ships "T6" to "Book Shop"
    And the owner of "Corner Shop" asks for a code for "T5"
    And the owner of "Book Shop" asks for a code for "T6"
    When the owner of "Corner Shop" types the code into "T6"
    Then the office says CODE_WRONG

  @MER-042
  Scenario: A merchant who is suspended sells nothing
    Given "Corner Shop" sells with "T5"
    When the office suspends "Corner Shop"
    And Bob swipes 10.00 CNY at "T5"
    Then "T5" shows MERCHANT_NOT_REGISTERED
    And the answer to the 1st sale carries
      | field | value |
      | code  | 03    |

  @MER-042
  Scenario: ... until he may again
    Given "Corner Shop" sells with "T5"
    And the office suspends "Corner Shop"
    And the office lets sell again "Corner Shop"
    When Bob swipes 10.00 CNY at "T5"
    Then "T5" shows APPROVED

  @MER-043
  Scenario: Nobody is closed while money is open between him and us
    Given "Corner Shop" sells with "T5"
    And Bob has paid 100.00 CNY at "T5"
    When the office closes "Corner Shop"
    And Bob swipes 10.00 CNY at "T5"
    Then the office says HAS_BALANCE
    And "T5" shows APPROVED

  @MER-043 @clock
  Scenario: ... and is when there is none
    Given "Corner Shop" sells with "T5"
    And Bob has paid 100.00 CNY at "T5"
    And "T5" is given back with damage of 0.00 CNY
    And 48 hours pass
    When the office closes "Corner Shop"
    Then the office says OK
    And the bank of "Corner Shop" has received 99.62 CNY

  @MER-044
  Scenario: What the office knows of persons it shows to nobody
    Given "Corner Shop" sells with "T5"
    When Bob swipes 10.00 CNY at "T5"
    Then "T5" shows APPROVED
    And no output holds the name, the papers, the phone or the account of the owner of "Corner Shop"

  @MER-113
  Scenario: The app is for who reads the owner's texts
    Given "Corner Shop" is an approved merchant
    And the owner of "Corner Shop" registers the phone app with a wrong code
    When the owner of "Corner Shop" binds a card of his own
    Then the office says NO_APP

  @MER-114
  Scenario: A card of somebody else is not bound
    Given "Corner Shop" is an approved merchant
    And the owner of "Corner Shop" has registered the phone app
    When the owner of "Corner Shop" binds the card of Carol
    Then the office says ACCOUNT_NAME

  @MER-115
  Scenario: What is withdrawn goes to the card that is bound
    Given "Corner Shop" sells with "T5"
    And Bob has paid 100.00 CNY at "T5"
    And the owner of "Corner Shop" has registered the phone app
    And the owner of "Corner Shop" has bound a card of his own
    And "Corner Shop" asks to withdraw 30.00 CNY
    When the transfer is confirmed
    Then the transfer is done
    And the transfer goes to "王**"

  @MER-115
  Scenario: ... and to the settlement account when it no longer is
    Given "Corner Shop" sells with "T5"
    And Bob has paid 100.00 CNY at "T5"
    And the owner of "Corner Shop" has registered the phone app
    And the owner of "Corner Shop" has bound a card of his own
    And the owner of "Corner Shop" unbinds a card of his own
    And "Corner Shop" asks to withdraw 30.00 CNY
    When the transfer is confirmed
    Then the transfer is done
    And the transfer goes to "C**********"

  @SIG-013 @unionpay
  Scenario: A till that was carried away from the place of its application sells nothing
    Given "Corner Shop" sells with "T5"
    And Bob has paid 10.00 CNY at "T5"
    When "T5" is made to send the 1st sale as a new one with device_data "17007Beijing"
    Then the answer to the 2nd sale carries
      | field | value |
      | code  | 58    |
    And Bob's card holds 4990.00 CNY
